using System.Net;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Service.Tests;

/// <summary>Webhooks over HTTP.</summary>
public sealed class WebhooksApiFacts
{
    [Fact]
    public async Task One_is_added_looked_at_changed_and_deleted_and_its_secret_shown_once()
    {
        await using var hooked = await HookedService.StartAsync(outgoing: new());
        using var answer = await hooked.Service.PostAsync("/webhooks",
            """{ "url": "https://B\u00fccher.example/x", "events": ["job.failed", "job.failed", "job.succeeded"], "description": "the team's channel" }""");
        var added = await answer.JsonAsync();
        Assert.Equal((HttpStatusCode.Created, $"/webhooks/{Id(added)}", "no-store"),
            (answer.StatusCode, answer.Headers.Location?.ToString(), answer.Headers.CacheControl?.ToString()));
        Assert.Equal("https://xn--bcher-kva.example/x", added.GetProperty("url").GetString());
        Assert.Matches(@"\Awhsec_[A-Za-z0-9+/]{43}=\z", added.GetProperty("secret").GetString());
        Assert.Equal("""["job.failed","job.succeeded"]""", added.GetProperty("events").GetRawText());

        var page = await hooked.Service.JsonAsync($"/webhooks/{Id(added)}");
        Assert.False(page.TryGetProperty("secret", out _));
        Assert.DoesNotContain("whsec_", (await hooked.Service.JsonAsync("/webhooks")).GetRawText());
        var changed =
            await (await hooked.PatchAsync($"/webhooks/{Id(added)}",
                """{ "url": "https://other.example.com/", "events": ["*", "job.failed"], "description": null, "enabled": false }""")).JsonAsync();
        Assert.Equal(("https://other.example.com/", """["*"]""", false, "asked", false), (changed.GetProperty("url").GetString(),
            changed.GetProperty("events").GetRawText(), changed.TryGetProperty("description", out _),
            changed.GetProperty("disabledReason").GetString(), changed.GetProperty("enabled").GetBoolean()));
        Assert.Equal("https://other.example.com/",
            (await (await hooked.PatchAsync($"/webhooks/{Id(added)}", "{}")).JsonAsync()).GetProperty("url").GetString());

        Assert.Equal(HttpStatusCode.NoContent, (await hooked.Service.Http.DeleteAsync($"/webhooks/{Id(added)}")).StatusCode);
        await (await hooked.Service.GetAsync($"/webhooks/{Id(added)}")).ProblemAsync(HttpStatusCode.NotFound, "webhook_not_found");
        await (await hooked.Service.Http.DeleteAsync($"/webhooks/{Id(added)}")).ProblemAsync(HttpStatusCode.NotFound, "webhook_not_found");
        await (await hooked.PatchAsync($"/webhooks/{Id(added)}", "{}")).ProblemAsync(HttpStatusCode.NotFound, "webhook_not_found");
        foreach (var act in new[] { "rotate-secret", "test", $"deliveries/{Guid.NewGuid()}/replay" })
            await (await hooked.Service.PostAsync($"/webhooks/{Id(added)}/{act}")).ProblemAsync(HttpStatusCode.NotFound,
                "webhook_not_found");
        await (await hooked.Service.GetAsync($"/webhooks/{Id(added)}/deliveries")).ProblemAsync(HttpStatusCode.NotFound,
            "webhook_not_found");
    }

    [Fact]
    public async Task Every_fault_of_a_request_comes_at_once()
    {
        await using var hooked = await HookedService.StartAsync(outgoing: new());
        using var answer = await hooked.Service.PostAsync("/webhooks",
            $$"""{ "events": ["job.fail", "job.failed"], "description": "{{new string('x', 256)}}", "secret": "mine", "enabled": 1 }""");
        Assert.Equal(["url", "enabled", "secret", "description", "events[0]"],
            (await answer.ProblemAsync(HttpStatusCode.UnprocessableEntity, "invalid")).Paths());
        foreach (var body in new[] { """{ "url": "http://hooks.example.com/" }""", """{ "url": "https://10.0.0.1/" }""",
            """{ "url": "https://leads.inside/" }""", """{ "url": "https://hooks.example.com/", "events": [] }""" })
            await (await hooked.Service.PostAsync("/webhooks", body)).ProblemAsync(HttpStatusCode.UnprocessableEntity, "invalid");
        Assert.Empty((await hooked.Service.JsonAsync("/webhooks")).GetProperty("items").EnumerateArray());
        var id = Id(await hooked.AddAsync("https://hooks.example.com/"));
        await (await hooked.PatchAsync($"/webhooks/{id}", """{ "url": "https://leads.inside/" }""")).ProblemAsync(
            HttpStatusCode.UnprocessableEntity, "invalid");
    }

    [Fact]
    public async Task There_are_twenty_at_most_and_lists_go_on()
    {
        await using var hooked = await HookedService.StartAsync(outgoing: new());
        for (var n = 0; n < 20; n++) await hooked.AddAsync($"https://hooks.example.com/{n}");
        await (await hooked.Service.PostAsync("/webhooks", """{ "url": "https://hooks.example.com/" }""")).ProblemAsync(
            HttpStatusCode.Conflict, "too_many_webhooks");
        var first = await hooked.Service.JsonAsync("/webhooks?limit=15");
        var second = await hooked.Service.JsonAsync($"/webhooks?limit=15&cursor={first.GetProperty("next").GetString()}");
        Assert.Equal(Enumerable.Range(0, 20).Reverse().Select(n => $"https://hooks.example.com/{n}"),
            new[] { first, second }.SelectMany(page => page.GetProperty("items").EnumerateArray())
            .Select(w => w.GetProperty("url").GetString()));
        Assert.False(second.TryGetProperty("next", out _));
        await (await hooked.Service.GetAsync("/webhooks?limt=1")).ProblemAsync(HttpStatusCode.UnprocessableEntity, "invalid");
    }

    [Fact]
    public async Task A_test_is_sent_at_once_whether_the_webhook_is_enabled_or_not()
    {
        await using var receiver = await Receiver.StartAsync();
        await using var hooked = await HookedService.StartAsync();
        var webhook = await hooked.AddAsync(receiver.Url, """, "events": ["job.failed"], "enabled": false""");
        var sent = await (await hooked.Service.PostAsync($"/webhooks/{Id(webhook)}/test")).JsonAsync();
        Assert.Equal(("webhook.test", "delivered", 204, 1), (sent.GetProperty("type").GetString(), sent.GetProperty("status").GetString(),
            sent.GetProperty("last").GetProperty("status").GetInt32(), sent.GetProperty("attempts").GetInt32()));
        var got = Assert.Single(receiver.Messages);
        Assert.True(got.IsSignedWith(webhook.GetProperty("secret").GetString()!));
        Assert.Equal((Id(webhook), got.Id, got.Body), (got.Json.GetProperty("data").GetProperty("webhook").GetString(),
            sent.GetProperty("id").GetString(), sent.GetProperty("payload").GetString()));

        receiver.Answer = Receiver.Status(410);
        Assert.Equal("failed", (await (await hooked.Service.PostAsync($"/webhooks/{Id(webhook)}/test")).JsonAsync()).GetProperty("status")
            .GetString());
        // a test disables nothing
        Assert.Equal("asked", (await hooked.Service.JsonAsync($"/webhooks/{Id(webhook)}")).GetProperty("disabledReason").GetString());
        hooked.Clock.Pass(TimeSpan.FromDays(1));
        await hooked.SendAsync();
        Assert.Equal(2, receiver.Messages.Count); // and is not sent again
    }

    [Fact]
    public async Task So_many_tests_at_a_time_are_enough()
    {
        await using var receiver = await Receiver.StartAsync();
        await using var hooked = await HookedService.StartAsync(set: options =>
            options with { Timeout = TimeSpan.FromSeconds(1), MostAtOnce = 8 });
        receiver.Answer = Receiver.Hang;
        var id = Id(await hooked.AddAsync(receiver.Url));
        var answers = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => hooked.Service.PostAsync($"/webhooks/{id}/test")));
        Assert.Equal(2, answers.Count(a => a.StatusCode == HttpStatusCode.OK));
        var refused = answers.First(a => a.StatusCode != HttpStatusCode.OK);
        await refused.ProblemAsync(HttpStatusCode.TooManyRequests, "too_many_requests");
        Assert.Equal(TimeSpan.FromSeconds(1), refused.Headers.RetryAfter?.Delta);
        receiver.Answer = Receiver.Status(200);
        Assert.Equal(HttpStatusCode.OK, (await hooked.Service.PostAsync($"/webhooks/{id}/test")).StatusCode);
    }

    [Fact]
    public async Task Deliveries_are_listed_by_state_shown_with_what_was_sent_and_sent_again()
    {
        await using var receiver = await Receiver.StartAsync();
        await using var hooked = await HookedService.StartAsync();
        var id = Id(await hooked.AddAsync(receiver.Url));
        for (var n = 0; n < 3; n++) await hooked.Service.SubmitAsync();
        await hooked.SendAsync();
        receiver.Answer = Receiver.Status(500);
        var job = await hooked.Service.SubmitAsync();
        await hooked.SendAsync();

        Assert.Equal(3, (await hooked.DeliveriesAsync(id, "?status=delivered")).Length);
        Assert.Equal(4, (await hooked.DeliveriesAsync(id, "?status=delivered&status=pending")).Length);
        var pending = Assert.Single(await hooked.DeliveriesAsync(id, "?status=pending"));
        Assert.False(pending.TryGetProperty("payload", out _));
        await (await hooked.Service.GetAsync($"/webhooks/{id}/deliveries?status=lost")).ProblemAsync(HttpStatusCode.UnprocessableEntity,
            "invalid");
        var first = await hooked.Service.JsonAsync($"/webhooks/{id}/deliveries?limit=2");
        Assert.Equal(2, (await hooked.DeliveriesAsync(id, $"?limit=2&cursor={first.GetProperty("next").GetString()}")).Length);

        var sent = await hooked.Service.JsonAsync(pending.GetProperty("href").GetString()!);
        Assert.Equal((job, "job.submitted", "the receiver responded with 500", true),
            (sent.GetProperty("job").GetGuid(), sent.GetProperty("type").GetString(),
            sent.GetProperty("log")[0].GetProperty("error").GetString(), sent.TryGetProperty("nextAt", out _)));
        Assert.Equal(receiver.Messages.Last().Body, sent.GetProperty("payload").GetString());
        await (await hooked.Service.GetAsync($"/webhooks/{id}/deliveries/{Guid.NewGuid()}")).ProblemAsync(HttpStatusCode.NotFound,
            "delivery_not_found");

        receiver.Answer = Receiver.Status(200);
        foreach (var again in new[] { sent, (await hooked.DeliveriesAsync(id, "?status=delivered"))[0] })
        {
            receiver.Messages.Clear();
            using var answer = await hooked.Service.PostAsync($"{again.GetProperty("href").GetString()}/replay");
            Assert.Equal((HttpStatusCode.Accepted, "pending"),
                (answer.StatusCode, (await answer.JsonAsync()).GetProperty("status").GetString()));
            await hooked.SendAsync();
            Assert.Equal(again.GetProperty("id").GetString(), Assert.Single(receiver.Messages).Id);
            var after = await hooked.Service.JsonAsync(again.GetProperty("href").GetString()!);
            Assert.Equal(("delivered", 2, 2), (after.GetProperty("status").GetString(), after.GetProperty("attempts").GetInt32(),
                after.GetProperty("log").GetArrayLength()));
        }
        await hooked.PatchAsync($"/webhooks/{id}", """{ "enabled": false }""");
        await (await hooked.Service.PostAsync($"{sent.GetProperty("href").GetString()}/replay")).ProblemAsync(HttpStatusCode.Conflict,
            "webhook_disabled");
    }

    [Fact]
    public async Task A_service_that_nobody_told_otherwise_sends_nothing_to_its_own_machine()
    {
        await using var service = await TestService.StartAsync();
        foreach (var url in new[] { "https://127.0.0.1:8089/", "https://localhost/", "https://localhost:5080/jobs", "https://[::1]/" })
            Assert.Contains("this machine itself",
                (await (await service.PostAsync("/webhooks", JsonSerializer.Serialize(new { url }))).ProblemAsync(
                HttpStatusCode.UnprocessableEntity, "invalid")).GetRawText());
        Assert.Equal(0, await service.RowsAsync(db => db.Webhooks.CountAsync()));
    }

    private static string Id(JsonElement webhook) => webhook.GetProperty("id").GetString()!;
}
