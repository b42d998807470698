using System.Net;

namespace LoraDrop.Service.Tests;

/// <summary>Whose webhooks are whose, where keys tell owners apart.</summary>
public sealed class WebhookAccessFacts(GuardedService guarded) : IClassFixture<GuardedService>
{
    private const string Wish = """{ "url": "https://93.184.216.34/hook" }""";

    [Fact]
    public async Task Owners_see_and_change_their_own_and_admins_all()
    {
        var id = await AddAsync(guarded.Ada, Wish);
        foreach (var (client, sees) in new[] { (guarded.Ada, true), (guarded.AdasReader, true), (guarded.Admin, true), (guarded.Bob, false),
            (guarded.Dashboard, false) })
        {
            Assert.Equal(sees, (await client.ReadAsync("/webhooks?limit=100")).GetProperty("items").EnumerateArray()
                .Any(w => w.GetProperty("id").GetString() == id));
            foreach (var under in new[] { "", "/deliveries" })
                using (var page = await client.GetAsync($"/webhooks/{id}{under}")) Assert.Equal(sees
                    ? HttpStatusCode.OK
                    : HttpStatusCode.NotFound, page.StatusCode);
        }
        Assert.Equal("ada", (await guarded.Admin.ReadAsync($"/webhooks/{id}")).GetProperty("owner").GetString());
        foreach (var act in new[] { "rotate-secret", "test", $"deliveries/{Guid.NewGuid()}/replay" })
            using (var answer = await guarded.Bob.PostTextAsync($"/webhooks/{id}/{act}", "")) await answer.ProblemAsync(
                HttpStatusCode.NotFound, "webhook_not_found");
        using (var deletes = await guarded.Bob.DeleteAsync($"/webhooks/{id}")) await deletes.ProblemAsync(HttpStatusCode.NotFound,
            "webhook_not_found");
        using (var reads = await guarded.AdasReader.PostTextAsync("/webhooks", Wish)) await reads.ProblemAsync(HttpStatusCode.Forbidden,
            "forbidden");
        using (var rotates = await guarded.AdasReader.PostTextAsync($"/webhooks/{id}/rotate-secret", "")) await rotates.ProblemAsync(
            HttpStatusCode.Forbidden, "forbidden");
        using (var all = await guarded.Ada.PostTextAsync("/webhooks", Wish.Replace(" }", """, "allOwners": true }""",
            StringComparison.Ordinal))) await all.ProblemAsync(HttpStatusCode.Forbidden, "forbidden");
        Assert.True(
            (await guarded.Admin.ReadAsync(
            $"/webhooks/{await AddAsync(guarded.Admin, Wish.Replace(" }", """, "allOwners": true }""", StringComparison.Ordinal))}")).GetProperty("allOwners").GetBoolean());
    }

    [Fact]
    public async Task One_that_is_asked_for_twice_under_one_key_is_there_once_with_one_secret()
    {
        var key = Guid.NewGuid().ToString();
        using var first = await guarded.Bob.PostTextAsync("/webhooks", Wish, key);
        using var second = await guarded.Bob.PostTextAsync("/webhooks", Wish, key);
        var (added, again) = (await first.JsonAsync(), await second.JsonAsync());
        Assert.Equal((added.GetProperty("id").GetString(), added.GetProperty("secret").GetString()),
            (again.GetProperty("id").GetString(), again.GetProperty("secret").GetString()));
        Assert.Equal(HttpStatusCode.Created, second.StatusCode);
        Assert.Single((await guarded.Bob.ReadAsync("/webhooks")).GetProperty("items").EnumerateArray());
    }

    private static async Task<string> AddAsync(HttpClient client, string body)
    {
        using var answer = await client.PostTextAsync("/webhooks", body);
        return (await answer.JsonAsync()).GetProperty("id").GetString()!;
    }
}
