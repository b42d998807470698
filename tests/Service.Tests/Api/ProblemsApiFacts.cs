using System.Data.Common;
using System.Net;
using System.Net.Sockets;
using System.Text;
using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.Extensions.DependencyInjection;

namespace LoraDrop.Service.Tests;

public sealed class ProblemsApiFacts(SharedService shared) : IClassFixture<SharedService>
{
    private readonly TestService _service = shared.Service;

    [Theory]
    [InlineData("GET", "/no/such/thing", HttpStatusCode.NotFound, "not_found")]
    [InlineData("GET", "/jobs/", HttpStatusCode.OK, null)]
    [InlineData("GET", "/jobs//importance", HttpStatusCode.NotFound, "not_found")]
    [InlineData("PUT", "/jobs", HttpStatusCode.MethodNotAllowed, "method_not_allowed")]
    [InlineData("PATCH", "/models/x", HttpStatusCode.MethodNotAllowed, "method_not_allowed")]
    [InlineData("DELETE", "/models/none", HttpStatusCode.NotFound, "model_not_found")]
    [InlineData("GET", "/models/none", HttpStatusCode.NotFound, "model_not_found")]
    [InlineData("DELETE", "/datasets/none", HttpStatusCode.NotFound, "dataset_not_found")]
    public async Task Every_refusal_is_a_problem_with_a_code(string method, string path, HttpStatusCode status, string? code)
    {
        using var answer =
            await _service.Http.SendAsync(new HttpRequestMessage(new(method), path) { Headers = { { "Accept", "text/html" } } });
        if (code is null) Assert.Equal(status, answer.StatusCode);
        else await answer.ProblemAsync(status, code);
        if (status == HttpStatusCode.MethodNotAllowed) Assert.NotEmpty(answer.Content.Headers.Allow);
    }

    /// <summary>Things that people and scanners send. None may be the service's fault.</summary>
    private static readonly string[] StrangeTexts =
    [
        new('x', 5000), "%F0%9F%92%A9", "%2F..%2F..%2Fetc%2Fpasswd", "..%5c..%5c", "%27%20OR%201%3D1--", "%25%32%46", "%E2%80%AE", "a%20b",
        "%22%3Cscript%3E", "99999999999999999999999999", "-1", "1e400",
        "NaN", "%00", "%ff%fe", "%zz", "%", "a/b/c", ";.;", "%0d%0aX:%20y", "%ed%a0%80",
    ];

    private static readonly string[] StrangePlaces =
    [
        "/{}", "/jobs/{}", "/models/{}", "/datasets/{}", "/datasets/{}/preview", "/jobs/018f0000-0000-7000-8000-000000000000/artifacts/{}",
        "/jobs/018f0000-0000-7000-8000-000000000000/checkpoints/{}/{}",
        "/jobs?status={}", "/jobs?label={}", "/jobs?label={}:{}", "/jobs?cursor={}", "/jobs?limit={}", "/jobs?model={}", "/jobs?{}={}",
        "/models?cursor={}", "/datasets/acceptable/preview?split={}",
        "/jobs/018f0000-0000-7000-8000-000000000000/importance?threshold={}",
        "/jobs/018f0000-0000-7000-8000-000000000000/metrics?name={}&from={}", "/jobs/018f0000-0000-7000-8000-000000000000/events?after={}",
        "/jobs/018f0000-0000-7000-8000-000000000000/events/stream?after={}", "/swagger/{}",
    ];

    [Fact]
    public async Task Nothing_that_is_sent_in_an_address_is_the_services_fault()
    {
        foreach (var (place, text) in StrangePlaces.SelectMany(place => StrangeTexts.Select(text => (place, text))))
        {
            var (status, body) = await RawAsync($"GET {place.Replace("{}", text)} HTTP/1.1");
            Assert.True(status is >= 200 and < 500, $"{place} {text}: {status} {body}");
        }
        Assert.Empty(_service.Errors);
    }

    [Fact]
    public async Task Nothing_that_is_sent_in_a_body_is_the_services_fault()
    {
        var deep = string.Concat(Enumerable.Repeat("{\"a\":", 10_000)) + "1" + new string('}', 10_000);
        string[] texts =
        [
            new('x', 10_000), "💩", "../../etc", "a\\u0000b", "\\ud800", "  ", "file:/", "file:relative", "file:/a\\u0000b", "hf:",
            "hf:a/b/c/d", "hf:a b", "s3://x", "http://169.254.169.254/", "\\n", "018f0000-0000-7000-8000-000000000000",
        ];
        foreach (var text in texts)
            foreach (var body in new[]
            {
                Given.Minimal.Replace("sample-model", text), Given.Minimal.Replace("acceptable", text),
                Given.Minimal.Replace("\"sentence\"", $"\"{text}\""),
                Given.Minimal.Replace("{ \"model\"",
                $$"""{ "name": "{{text}}", "labels": { "{{text}}": "{{text}}" }, "importance": { "from": "{{text}}" }, "model" """.TrimEnd()),
                $$"""{ "name": "{{text}}", "source": "{{text}}" }""",
            })
                foreach (var address in new[] { "/jobs", "/models", "/datasets" })
                    await RefusedAsync(address, body);
        foreach (var body in new[] { deep, "[]", "null", "1", "\"x\"", "{}", "{\"model\":1e999}",
            "{\"training\":{\"seed\":99999999999999999999}}", "{\"lora\":[[[]]]}", "{\"labels\":{\"\":null}}", "\ufeff{}", "{,}", "\0" })
            foreach (var address in new[] { "/jobs", "/models", "/datasets" })
                await RefusedAsync(address, body);
        Assert.Empty(_service.Errors);

        async Task RefusedAsync(string address, string body)
        {
            using var answer = await _service.PostAsync(address, body);
            Assert.True((int)answer.StatusCode < 500, $"{address} {body}: {await answer.Content.ReadAsStringAsync()}");
        }
    }

    [Fact]
    public async Task An_error_of_the_service_is_logged_under_the_id_that_its_caller_gets()
    {
        await using var service = await TestService.StartAsync(services =>
            services.AddSingleton<IObjectStore>(_ => throw new NotSupportedException("secret detail")));
        using var answer = await service.PostAsync("/jobs", Given.Minimal);
        var problem = await answer.ProblemAsync(HttpStatusCode.InternalServerError, "defect");
        Assert.DoesNotContain("secret", problem.GetRawText());
        Assert.Contains(service.Errors, error => error.Contains(problem.GetProperty("traceId").GetString()!)
            && error.Contains("secret detail"));
    }

    [Fact]
    public async Task A_database_that_cannot_grow_says_that_the_disk_is_full()
    {
        await using var service = await TestService.StartAsync(services =>
            services.ConfigureDbContext<SqliteJobsContext>(options => options.AddInterceptors(new FullDisk())));
        await service.AddInputsAsync();
        HttpResponseMessage answer;
        do answer = await service.PostAsync("/jobs",
            Given.Minimal.Replace("{ \"model\"", $$"""{ "labels": { "long": "{{new string('x', 255)}}" }, "model" """.TrimEnd()));
        while (answer.StatusCode == HttpStatusCode.Accepted);
        await answer.ProblemAsync(HttpStatusCode.InsufficientStorage, "storage_full");
        Assert.Equal(HttpStatusCode.OK, (await service.GetAsync("/jobs")).StatusCode);   // what is there can still be read
    }

    /// <summary>Lets a database have a few pages only, as a full disk would.</summary>
    private sealed class FullDisk : DbConnectionInterceptor
    {
        public override async Task ConnectionOpenedAsync(DbConnection connection, ConnectionEndEventData eventData,
            CancellationToken cancellationToken = default)
        {
            await using var command = connection.CreateCommand();
            command.CommandText = "PRAGMA max_page_count = 100";
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    /// <summary>The status and body of a request that no client library would send.</summary>
    private async Task<(int Status, string Body)> RawAsync(string line)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(_service.Address.Host, _service.Address.Port);
        await socket.SendAsync(Encoding.ASCII.GetBytes($"{line}\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
        using var reader = new StreamReader(new NetworkStream(socket));
        var answer = await reader.ReadToEndAsync().WaitAsync(TimeSpan.FromMinutes(5));
        return (int.Parse(answer.Split(' ')[1]), answer);
    }
}
