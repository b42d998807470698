using System.Diagnostics;
using System.Text.Json;
using LoraDrop.Api;
using LoraDrop.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace LoraDrop.Service.Tests;

/// <summary>What receivers get, and what the service makes of what they do.</summary>
public sealed class DeliveryFacts
{

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_job_is_told_from_its_beginning_to_its_end_signed_and_by_itself()
    {
        await using var receiver = await Receiver.StartAsync();
        await using var hooked = await HookedService.StartAsync(byItself: true);
        var secret = (await hooked.AddAsync(receiver.Url)).GetProperty("secret").GetString()!;
        var job = await hooked.Service.SubmitAsync();
        await hooked.Service.MeasureAsync(job);
        await hooked.Service.FinishAsync(job);
        await UntilAsync(() => receiver.Messages.Count == 4);
        Assert.Equal(["job.stage_succeeded", "job.stage_succeeded", "job.submitted", "job.succeeded"],
            receiver.Messages.Select(got => got.Type).Order());
        Assert.Equal(4, receiver.Messages.Select(got => got.Id).Distinct().Count());
        Assert.All(receiver.Messages, got =>
        {
            Assert.Equal(("POST /hook", "application/json"), (got.Line, got.ContentType));
            Assert.StartsWith("loradrop/", got.Agent);
            Assert.InRange(long.Parse(got.Timestamp), hooked.Clock.GetUtcNow().ToUnixTimeSeconds() - 60,
                hooked.Clock.GetUtcNow().ToUnixTimeSeconds());
            Assert.True(got.IsSignedWith(secret));
            Assert.False(got.IsSignedWith(WebhookSecret.New()));
            Assert.False((got with { Body = got.Body.Replace("job", "Job") }).IsSignedWith(secret));
            Assert.Equal(job, got.Json.GetProperty("data").GetProperty("id").GetGuid());
        });
        Assert.Empty(hooked.Service.Errors);
    }

    [Fact]
    public async Task The_specification_s_own_library_accepts_what_is_sent()
    {
        var home = Environment.GetEnvironmentVariable("LORADROP_STANDARDWEBHOOKS") is { Length: > 0 } set
            ? set
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache", "loradrop", "standardwebhooks");
        Assert.SkipUnless(Directory.Exists(Path.Combine(home, "node_modules", "standardwebhooks")),
            $"there is no standardwebhooks in {home}: npm install --prefix {home} standardwebhooks@1.1.1 "
            + "(LORADROP_STANDARDWEBHOOKS may name another folder)");
        await using var receiver = await Receiver.StartAsync();
        await using var hooked = await HookedService.StartAsync();
        var webhook = await hooked.AddAsync(receiver.Url);
        var (id, before) = (webhook.GetProperty("id").GetString(), webhook.GetProperty("secret").GetString());
        var after = (await (await hooked.Service.PostAsync($"/webhooks/{id}/rotate-secret")).JsonAsync()).GetProperty("secret").GetString();
        await hooked.Service.SubmitAsync(
            """{ "name": "ä – €", "model": "sample-model", "dataset": "acceptable", "task": { "kind": "classification", "columns": { "first": "sentence", "label": "label" } } }""");
        await hooked.SendAsync();
        var got = Assert.Single(receiver.Messages);
        const string Script = """
            const { Webhook } = require("standardwebhooks");
            const { secrets, body, headers } = JSON.parse(require("fs").readFileSync(0, "utf8"));
            for (const secret of secrets) console.log(new Webhook(secret).verify(body, headers).type);
            try { new Webhook(secrets[0]).verify(body + " ", headers); console.log("accepted"); } catch (e) { console.log(e.name); }
            """;
        using var node = Process.Start(new ProcessStartInfo("node", ["-e", Script]) { WorkingDirectory = home, RedirectStandardInput = true,
            RedirectStandardOutput = true, RedirectStandardError = true })!;
        await node.StandardInput.WriteAsync(JsonSerializer.Serialize(new
        {
            secrets = new[] { after, before },
            body = got.Body,
            headers = new Dictionary<string, string> { ["webhook-id"] = got.Id, ["webhook-timestamp"] = got.Timestamp,
            ["webhook-signature"] = got.Signature },
        }));
        node.StandardInput.Close();
        var (said, complained) = (await node.StandardOutput.ReadToEndAsync(Cancel), await node.StandardError.ReadToEndAsync(Cancel));
        Assert.True(said.Split('\n', StringSplitOptions.RemoveEmptyEntries) is ["job.submitted", "job.submitted",
            "WebhookVerificationError"], said + complained);
    }

    [Fact]
    public async Task A_receiver_that_answers_500_for_an_hour_loses_nothing()
    {
        await using var receiver = await Receiver.StartAsync();
        await using var hooked = await HookedService.StartAsync();
        await hooked.AddAsync(receiver.Url);
        receiver.Answer = Receiver.Status(500);
        var jobs = new List<Guid>();
        for (var minute = 0; minute < 60; minute += 5)
        {
            jobs.Add(await hooked.Service.SubmitAsync());
            await hooked.SendAsync();
            hooked.Clock.Pass(TimeSpan.FromMinutes(5));
        }
        Assert.All(jobs, job => Assert.Contains(receiver.Messages, got => got.Body.Contains($"{job}")));
        receiver.Answer = Receiver.Status(200);
        receiver.Messages.Clear();
        for (var hour = 0; hour < 6; hour++)
        {
            await hooked.SendAsync();
            hooked.Clock.Pass(TimeSpan.FromHours(1));
        }
        Assert.Equal(jobs.Order(), receiver.Messages.Select(got => got.Json.GetProperty("data").GetProperty("id").GetGuid()).Order());
    }

    [Fact]
    public async Task One_that_hangs_holds_up_nobody_else_and_is_given_up()
    {
        await using var hanging = await Receiver.StartAsync();
        await using var quick = await Receiver.StartAsync();
        await using var hooked = await HookedService.StartAsync(byItself: true,
            options => options with { Timeout = TimeSpan.FromSeconds(8), MostAtOnce = 8 });
        hanging.Answer = Receiver.Hang;
        var slow = await hooked.AddAsync(hanging.Url);
        await hooked.AddAsync(quick.Url);
        for (var n = 0; n < 12; n++) await hooked.Service.SubmitAsync();
        var began = Stopwatch.GetTimestamp();
        await UntilAsync(() => quick.Messages.Count == 12);
        Assert.True(Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(8), "the others waited");
        Assert.InRange(hanging.Messages.Count, 1, 4); // two at a time, and perhaps the next two
        var id = slow.GetProperty("id").GetString()!;
        JsonElement[] failed = [];
        await UntilAsync(async () =>
            (failed = [.. (await hooked.DeliveriesAsync(id)).Where(d => d.TryGetProperty("last", out _))]).Length > 0);
        Assert.Equal("no response within 8 s", failed[0].GetProperty("last").GetProperty("error").GetString());
        Assert.False(failed[0].GetProperty("last").TryGetProperty("status", out _));
    }

    [Fact]
    public async Task A_redirect_is_not_followed()
    {
        await using var target = await Receiver.StartAsync();
        await using var receiver = await Receiver.StartAsync();
        await using var hooked = await HookedService.StartAsync();
        receiver.Answer = http =>
        {
            http.Response.Redirect(target.Url, permanent: true, preserveMethod: true);
            return Task.CompletedTask;
        };
        var id = (await hooked.AddAsync(receiver.Url)).GetProperty("id").GetString()!;
        await hooked.Service.SubmitAsync();
        await hooked.SendAsync();
        Assert.Empty(target.Messages);
        var sent = Assert.Single(await hooked.DeliveriesAsync(id));
        Assert.Equal(("pending", 308), (sent.GetProperty("status").GetString(), sent.GetProperty("last").GetProperty("status").GetInt32()));
        Assert.Contains("not followed", sent.GetProperty("last").GetProperty("error").GetString());
    }

    [Fact]
    public async Task One_that_answers_410_gets_no_more()
    {
        await using var receiver = await Receiver.StartAsync();
        await using var hooked = await HookedService.StartAsync();
        receiver.Answer = Receiver.Status(410);
        var id = (await hooked.AddAsync(receiver.Url)).GetProperty("id").GetString()!;
        await hooked.Service.SubmitAsync();
        await hooked.SendAsync();
        await hooked.Service.SubmitAsync();
        hooked.Clock.Pass(TimeSpan.FromDays(1));
        await hooked.SendAsync();
        Assert.Single(receiver.Messages);
        var webhook = await hooked.Service.JsonAsync($"/webhooks/{id}");
        Assert.Equal((false, "gone"), (webhook.GetProperty("enabled").GetBoolean(), webhook.GetProperty("disabledReason").GetString()));

        receiver.Answer = Receiver.Status(200);
        Assert.True((await (await hooked.PatchAsync($"/webhooks/{id}", """{ "enabled": true }""")).JsonAsync()).GetProperty("enabled")
            .GetBoolean());
        await hooked.SendAsync();
        Assert.Equal(2, receiver.Messages.Count); // what waited
    }

    [Theory]
    [InlineData("without end")]
    [InlineData("broken off")]
    [InlineData("nonsense")]
    public async Task Whatever_follows_the_status_does_no_harm(string answer)
    {
        await using var receiver = await Receiver.StartAsync();
        await using var hooked = await HookedService.StartAsync();
        receiver.Answer = async http =>
        {
            if (answer == "broken off") http.Response.ContentLength = 100;
            await http.Response.Body.WriteAsync(new byte[10]);
            await http.Response.Body.FlushAsync();
            if (answer == "broken off")
            {
                await Task.Delay(100, Cancel); // the status is there before the connection is not
                http.Abort();
            }
            var written = 0L;
            if (answer == "without end")
                for (var block = new byte[1 << 16]; !http.RequestAborted.IsCancellationRequested
                    && written < 1L << 30; written += block.Length)
                    await http.Response.Body.WriteAsync(block, CancellationToken.None);
        };
        var id = (await hooked.AddAsync(receiver.Url)).GetProperty("id").GetString()!;
        await hooked.Service.SubmitAsync();
        await hooked.SendAsync().WaitAsync(Eventually.Patience, Cancel);
        Assert.Equal("delivered", Assert.Single(await hooked.DeliveriesAsync(id)).GetProperty("status").GetString());
        Assert.Empty(hooked.Service.Errors);
    }

    [Fact]
    public async Task What_is_not_reached_is_told_without_numbers_of_the_network()
    {
        await using var hooked = await HookedService.StartAsync(outgoing: new() { AllowHttp = true, PrivateNetworks = ["allowed.inside"] });
        using var refused = await hooked.Service.PostAsync("/webhooks", """{ "url": "http://other.inside:9999/" }""");
        var problem = await refused.ProblemAsync(System.Net.HttpStatusCode.UnprocessableEntity, "invalid");
        Assert.Equal(["url"], problem.Paths());
        Assert.DoesNotContain("127.0.0.1", problem.GetRawText());
        var id = (await hooked.AddAsync("http://allowed.inside:9998/")).GetProperty("id").GetString()!;
        var test = await (await hooked.Service.PostAsync($"/webhooks/{id}/test")).JsonAsync();
        Assert.Equal(("failed", "the connection was refused"),
            (test.GetProperty("status").GetString(), test.GetProperty("last").GetProperty("error").GetString()));
    }

    [Fact]
    public async Task A_name_that_leads_inside_only_later_is_refused_then()
    {
        await using var hooked = await HookedService.StartAsync(outgoing: new() { AllowHttp = true });
        var id = (await hooked.AddAsync("http://moves.example.com/")).GetProperty("id").GetString()!;
        await hooked.Service.RowsAsync(db => db.Webhooks.ExecuteUpdateAsync(set => set.SetProperty(w => w.Url, "http://moves.inside/"),
            Cancel)); // as if the name had been given another address
        var test = await (await hooked.Service.PostAsync($"/webhooks/{id}/test")).JsonAsync();
        Assert.Contains("this machine itself", test.GetProperty("last").GetProperty("error").GetString());
    }

    [Fact]
    public async Task Two_that_send_at_once_send_each_message_once()
    {
        await using var receiver = await Receiver.StartAsync();
        await using var hooked = await HookedService.StartAsync();
        await hooked.AddAsync(receiver.Url);
        for (var n = 0; n < 30; n++) await hooked.Service.SubmitAsync();
        var services = hooked.Service.Services;
        using var second = ActivatorUtilities.CreateInstance<WebhookDispatcher>(services);
        for (var look = 0; look < 10 && receiver.Messages.Count < 30; look++)
        {
            await Task.WhenAll(Task.Run(() => hooked.Dispatcher.PollAsync(Cancel), Cancel),
                Task.Run(() => second.PollAsync(Cancel), Cancel));
            await Task.WhenAll(hooked.Dispatcher.WhenIdleAsync(), second.WhenIdleAsync());
        }
        Assert.Equal((30, 30), (receiver.Messages.Count, receiver.Messages.Select(got => got.Id).Distinct().Count()));
    }

    [Fact]
    public async Task One_that_died_between_taking_and_sending_is_stepped_in_for()
    {
        await using var receiver = await Receiver.StartAsync();
        await using var hooked = await HookedService.StartAsync();
        await hooked.AddAsync(receiver.Url);
        await hooked.Service.SubmitAsync();
        await hooked.Service.Services.GetRequiredService<WebhookOutbox>().CreateDeliveriesAsync(Cancel);
        var deliveries = hooked.Service.Services.GetRequiredService<Deliveries>();
        var dead = await deliveries.TakeAsync(Assert.Single(await deliveries.DueAsync([], 10, Cancel)).Id, Cancel);
        await hooked.SendAsync();
        Assert.Empty(receiver.Messages);
        hooked.Clock.Pass(TimeSpan.FromMinutes(2));
        await hooked.SendAsync();
        Assert.Equal(dead!.Id.ToString(), Assert.Single(receiver.Messages).Id);
    }

    [Fact]
    public async Task A_stop_gives_back_what_is_on_its_way()
    {
        await using var receiver = await Receiver.StartAsync();
        await using var hooked = await HookedService.StartAsync(byItself: true,
            options => options with { StopGrace = TimeSpan.FromMilliseconds(100) });
        receiver.Answer = Receiver.Hang;
        var id = (await hooked.AddAsync(receiver.Url)).GetProperty("id").GetString()!;
        await hooked.Service.SubmitAsync();
        await UntilAsync(() => receiver.Messages.Count == 1);
        await hooked.Dispatcher.StopAsync(Cancel).WaitAsync(Eventually.Patience, Cancel);
        var sent = await hooked.Service.RowsAsync(db => db.Deliveries.SingleAsync(Cancel));
        Assert.Equal((DeliveryStatus.Pending, 0, null), (sent.Status, sent.Round, sent.LeaseUntil));
        Assert.Empty(hooked.Service.Errors);
    }

    [Fact]
    public async Task Both_secrets_sign_for_a_day_after_a_rotation()
    {
        await using var receiver = await Receiver.StartAsync();
        await using var hooked = await HookedService.StartAsync();
        var webhook = await hooked.AddAsync(receiver.Url);
        var (id, before) = (webhook.GetProperty("id").GetString()!, webhook.GetProperty("secret").GetString()!);
        var rotated = await (await hooked.Service.PostAsync($"/webhooks/{id}/rotate-secret")).JsonAsync();
        var after = rotated.GetProperty("secret").GetString()!;
        Assert.True(rotated.TryGetProperty("formerSecretUntil", out _));
        await hooked.Service.SubmitAsync();
        await hooked.SendAsync();
        hooked.Clock.Pass(TimeSpan.FromHours(25));
        await hooked.Service.SubmitAsync();
        await hooked.SendAsync();
        var (first, second) = (receiver.Messages.First(), receiver.Messages.Last());
        Assert.True(first.IsSignedWith(before) && first.IsSignedWith(after));
        Assert.True(!second.IsSignedWith(before) && second.IsSignedWith(after));
        Assert.False((await hooked.Service.JsonAsync($"/webhooks/{id}")).TryGetProperty("formerSecretUntil", out _));
    }

    private static Task<bool> UntilAsync(Func<bool> reached) => UntilAsync(() => Task.FromResult(reached()));

    private static Task<bool> UntilAsync(Func<Task<bool>> reached) => Eventually.UntilAsync(reached, done => done);
}
