using System.Net;
using System.Text.Json.Nodes;
using CsCheck;
using LoraDrop.Storage;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Service.Tests;

/// <summary>Whatever is sent, to whatever operation the document describes: never an error of the service, never a trace of its code, never
/// anything kept.</summary>
public sealed class MalformedRequestFacts(GuardedService guarded) : IClassFixture<GuardedService>
{
    private const int Requests = 10_000;

    private static readonly string[] Traces = ["   at ", "LoraDrop.", "System.", "Microsoft.", "Npgsql", "Sqlite", ".cs:line", "Exception"];

    [Fact]
    public async Task Ten_thousand_malformed_requests_are_all_refused_and_leave_nothing()
    {
        var service = guarded.Service;
        using var admin = service.As(await service.KeyAsync(Role.Admin, "fuzz", requestsPerMinute: 1_000_000));
        var document = JsonNode.Parse(await admin.GetStringAsync("/swagger/v1/swagger.json", TestContext.Current.CancellationToken))!;
        var job = await admin.SubmitAsync(Given.Lora);
        await service.FinishAsync(job);
        var before = await CountsAsync(service);
        var statuses = new System.Collections.Concurrent.ConcurrentDictionary<int, int>();
        await MalformedRequests.Of(document, job).SampleAsync(async request =>
        {
            using var message = request.ToMessage();
            using var answer = await SendAsync(admin, message);
            if (answer is null) return; // no HTTP client sends it
            statuses.AddOrUpdate((int)answer.StatusCode, 1, (_, n) => n + 1);
            Assert.True((int)answer.StatusCode < 500, $"{(int)answer.StatusCode} to {request}\n{string.Join('\n', service.Errors)}");
            var reads = request.Method is "GET" or "HEAD" or "OPTIONS";
            if (!reads)
                Assert.True((int)answer.StatusCode >= 400 || request.Address.StartsWith("/jobs/estimate", StringComparison.Ordinal),
                    $"{(int)answer.StatusCode} to {request}");
            if (answer.StatusCode == HttpStatusCode.OK) return; // a list, which may quote what others wrote
            var said = await answer.Content.ReadAsStringAsync();
            Assert.All(Traces, trace => Assert.DoesNotContain(trace, said, StringComparison.Ordinal));
        }, iter: Requests, threads: 4);
        Assert.Equal(before, await CountsAsync(service));
        Assert.True(service.Errors.Count == 0, string.Join("\n", service.Errors));
        TestContext.Current.TestOutputHelper!.WriteLine(
            string.Join(", ", statuses.OrderBy(pair => pair.Key).Select(pair => $"{pair.Key}: {pair.Value}")));
        Assert.True(statuses.Values.Sum() > Requests * 0.9); // some no HTTP client sends
        Assert.True(statuses.Keys.Count(status => status >= 400) >= 6); // they were wrong in many ways
    }

    private static async Task<HttpResponseMessage?> SendAsync(HttpClient client, HttpRequestMessage message)
    {
        try
        {
            return await client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead);
        }
        catch (Exception unsendable) when (unsendable is InvalidOperationException or FormatException or NotSupportedException)
        {
            return null;
        }
    }

    /// <summary>Rows of every table, by its name, and stored objects.</summary>
    private static async Task<string> CountsAsync(TestService service)
    {
        await using var db = await service.Contexts.CreateDbContextAsync();
        var counts = new List<string> { $"objects {await service.Objects.ListAsync("", CancellationToken.None).CountAsync()}" };
        foreach (var table in db.Model.GetEntityTypes().Select(type => type.GetTableName()!).Distinct().Order(StringComparer.Ordinal))
        {
            var sql = $"SELECT count(*) AS \"Value\" FROM {table}"; // a table's name is no parameter, and comes from the model
            counts.Add($"{table} {(await db.Database.SqlQueryRaw<int>(sql).ToListAsync())[0]}");
        }
        return string.Join('\n', counts);
    }
}
