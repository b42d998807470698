using System.Text.Json;
using LoraDrop.Domain;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Storage.Tests;

/// <summary>From what happens to jobs to what is sent, in rows.</summary>
public abstract class WebhookFacts(Database database)
{
    private static readonly WebhookSettings Everything = new("https://hooks.example.com/loradrop", null, null, null, null);

    private static readonly AttemptOutcome Delivered = new(204, null, TimeSpan.FromMilliseconds(40)), Failed = new(500, "it answered 500",
        TimeSpan.FromMilliseconds(40)), Gone = new(410, "it wants no more (410)", TimeSpan.FromMilliseconds(40));

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_job_that_goes_through_is_told_step_by_step()
    {
        await using var storage = await ReadyAsync();
        await AddAsync(storage);
        var job = await storage.Submit(""", "name": "first", "labels": {"team": "search"} """);
        var first = (await storage.Take(job))!;
        await first.AddEventAsync(EventLevel.Info, EventType.StageStarted, "starts", """{"stage":"importance-evaluation"}""", Cancel);
        await first.AddEventAsync(EventLevel.Info, EventType.Evaluated, "is not told", null, Cancel);
        await first.AddEventAsync(EventLevel.Info, EventType.ImportanceMeasured, "measured", null, Cancel);
        await first.SucceedAsync(new([]), Cancel);
        var second = (await storage.Take(job, Stage.TaskAdaptation))!;
        await second.AddEventAsync(EventLevel.Info, EventType.StageStarted, "starts", """{"stage":"task-adaptation"}""", Cancel);
        await second.SucceedAsync(new([], Result: new RunSummary("{}", 0.9, "accuracy 0.9")), Cancel);

        Assert.Equal(7 - 1, await storage.Outbox.CreateDeliveriesAsync(Cancel));
        var sent = await DeliveriesAsync(storage);
        Assert.Equal(["job.submitted", "job.started", "job.importance_measured", "job.stage_succeeded", "job.stage_succeeded",
            "job.succeeded"], sent.Select(d => d.Type));
        Assert.Equal(["queued", "running", "running", "running", "running", "succeeded"],
            sent.Select(d => Data(d).GetProperty("status").GetString()));
        Assert.Equal(["importance-evaluation", "task-adaptation"],
            sent.Where(d => d.Type == "job.stage_succeeded").Select(d => Data(d).GetProperty("stage").GetString()));
        var body = JsonDocument.Parse(sent[^1].Payload).RootElement;
        Assert.Equal(["type", "timestamp", "data"], body.EnumerateObject().Select(field => field.Name));
        Assert.Equal(
            $$"""{"id":"{{job}}","name":"first","status":"succeeded","stage":"task-adaptation","method":"lora-drop","message":"accuracy 0.9","score":0.9,"labels":{"team":"search"},"href":"/jobs/{{job}}"}""", body.GetProperty("data").GetRawText());
    }

    [Fact]
    public async Task A_failure_is_told_with_its_code_and_a_retry_after_it()
    {
        await using var storage = await ReadyAsync();
        await AddAsync(storage, types: ["job.failed", "job.retried"]);
        var job = await storage.Submit();
        await (await storage.Take(job))!.FailAsync(new(FailureCode.Diverged, "The loss is no number."), Cancel);
        await storage.Outbox.CreateDeliveriesAsync(Cancel);
        await storage.AsARequest(life => life.RetryAsync(job, Cancel));
        await storage.Outbox.CreateDeliveriesAsync(Cancel);
        var sent = await DeliveriesAsync(storage);
        Assert.Equal(["job.failed", "job.retried"], sent.Select(d => d.Type));
        Assert.Equal("""{"code":"diverged","message":"The loss is no number."}""", Data(sent[0]).GetProperty("error").GetRawText());
    }

    [Fact]
    public async Task Each_hears_what_it_asked_for_of_its_owner_s_jobs_from_when_it_was_added()
    {
        await using var storage = await ReadyAsync();
        var early = await storage.Submit();
        storage.Clock.Pass(TimeSpan.FromSeconds(1));
        var all = await AddAsync(storage);
        var ends = await AddAsync(storage, types: ["job.cancelled", "job.failed"]);
        var off = await AddAsync(storage, enabled: false);
        var strangers = await AddAsync(storage, new Caller("ann", Role.Submit, "ld_ann", null));
        var everybodys = await AddAsync(storage, new Caller("root", Role.Admin, "ld_root", null), allOwners: true);
        var late = await storage.Submit();
        await storage.AsARequest(life => life.CancelAsync(late, Cancel));
        await storage.Outbox.CreateDeliveriesAsync(Cancel);
        var sent = await DeliveriesAsync(storage);
        Assert.DoesNotContain(sent, d => d.JobId == early);
        Assert.Equal(["job.submitted", "job.cancelled"], sent.Where(d => d.WebhookId == all).Select(d => d.Type));
        Assert.Equal(["job.cancelled"], sent.Where(d => d.WebhookId == ends).Select(d => d.Type));
        Assert.Equal(["job.submitted", "job.cancelled"], sent.Where(d => d.WebhookId == everybodys).Select(d => d.Type));
        Assert.DoesNotContain(sent, d => d.WebhookId == off || d.WebhookId == strangers);
        Assert.Equal(0, await storage.Outbox.CreateDeliveriesAsync(Cancel));
    }

    [Fact]
    public async Task However_many_tell_at_once_each_event_is_told_once()
    {
        await using var storage = await ReadyAsync();
        var webhooks = new[] { await AddAsync(storage), await AddAsync(storage) };
        var jobs = new List<Guid>();
        for (var i = 0; i < 120; i++) jobs.Add(await storage.Submit());
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => storage.Outbox.CreateDeliveriesAsync(Cancel))));
        var sent = await DeliveriesAsync(storage);
        foreach (var webhook in webhooks)
            Assert.Equal(jobs.Order(), sent.Where(d => d.WebhookId == webhook).Select(d => d.JobId!.Value).Order());
        Assert.Equal(0, await storage.Read(db => db.Events.CountAsync(e => e.Untold, Cancel)));
    }

    [Fact]
    public async Task Who_dies_while_telling_leaves_all_of_it_to_the_next()
    {
        await using var storage = await ReadyAsync();
        await AddAsync(storage);
        await storage.Submit();
        await storage.Read(async db =>
        {
            await using var transaction = await db.Database.BeginTransactionAsync(Cancel);
            var taken = await db.TakeUntoldAsync(100, Cancel);
            foreach (var told in taken) told.Untold = false;
            await db.SaveChangesAsync(Cancel);
            return taken.Count; // and never commits
        });
        Assert.Empty(await DeliveriesAsync(storage));
        Assert.Equal(1, await storage.Outbox.CreateDeliveriesAsync(Cancel));
    }

    [Fact]
    public async Task A_webhook_that_is_deleted_while_it_is_told_takes_nothing_with_it()
    {
        await using var storage = await ReadyAsync();
        var (kept, deleted) = (await AddAsync(storage), await AddAsync(storage));
        await storage.Submit();
        storage.Clock.Once(() =>
        {
            if (database == Database.Sqlite) return; // the file is in one hand while it is told
            using var db = storage.Contexts.CreateDbContext();
            db.Webhooks.Where(w => w.Id == deleted).ExecuteDelete();
        });
        await storage.Outbox.CreateDeliveriesAsync(Cancel);
        Assert.Single(await DeliveriesAsync(storage), d => d.WebhookId == kept);
    }

    [Fact]
    public async Task A_delivery_is_taken_once_and_what_another_began_since_is_not_overwritten()
    {
        await using var storage = await ReadyAsync();
        await AddAsync(storage);
        await storage.Submit();
        await storage.Outbox.CreateDeliveriesAsync(Cancel);
        var (id, _) = Assert.Single(await storage.Deliveries.DueAsync([], 10, Cancel));
        var takers = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(() => storage.Deliveries.TakeAsync(id, Cancel))));
        var taken = Assert.Single(takers, taker => taker is not null)!;
        Assert.Empty(await storage.Deliveries.DueAsync([], 10, Cancel));

        storage.Clock.Pass(new WebhookOptions().Lease + TimeSpan.FromSeconds(1)); // whoever had it is gone
        var again = (await storage.Deliveries.TakeAsync(id, Cancel))!;
        Assert.Equal((taken.Id, taken.Body, taken.Attempt + 1), (again.Id, again.Body, again.Attempt));
        await storage.Deliveries.SettleAsync(taken, Failed, Cancel); // the first was only slow
        Assert.Empty((await DeliveryAsync(storage, id)).Log);
        await storage.Deliveries.SettleAsync(again, Delivered, Cancel);
        await storage.Deliveries.SettleAsync(again, Failed, Cancel); // said twice, the first holds
        var row = await DeliveryAsync(storage, id);
        Assert.Equal((DeliveryStatus.Delivered, 2, 204), (row.Status, row.Attempts, Assert.Single(row.Log).Status));
    }

    [Fact]
    public async Task What_fails_is_sent_again_ten_times_in_three_days_then_the_webhook_is_disabled()
    {
        await using var storage = await ReadyAsync();
        var webhook = await AddAsync(storage);
        await storage.Submit();
        await storage.Outbox.CreateDeliveriesAsync(Cancel);
        var id = (await DeliveriesAsync(storage)).Single().Id;
        foreach (var wait in Deliveries.Waits.Append(TimeSpan.Zero))
        {
            var taken = (await storage.Deliveries.TakeAsync(id, Cancel))!;
            await storage.Deliveries.SettleAsync(taken, Failed, Cancel);
            Assert.Null(await storage.Deliveries.TakeAsync(id, Cancel)); // not before its time
            storage.Clock.Pass(wait * 1.25);
        }
        var row = await DeliveryAsync(storage, id);
        Assert.Equal((DeliveryStatus.Failed, 10, 10), (row.Status, row.Attempts, row.Log.Count));
        Assert.Equal(DisabledReason.Failing, (await WebhookAsync(storage, webhook)).Disabled);
        var gaps = row.Log.OrderBy(a => a.Number).Zip(row.Log.OrderBy(a => a.Number).Skip(1), (a, b) => b.At - a.At).Zip(Deliveries.Waits);
        Assert.All(gaps, gap => Assert.True(gap.First >= gap.Second, $"{gap.First} after {gap.Second}"));
    }

    [Fact]
    public async Task A_message_that_is_refused_for_ever_disables_nothing_where_others_come_through()
    {
        await using var storage = await ReadyAsync();
        var webhook = await AddAsync(storage);
        var refused = await storage.Submit();
        await storage.Outbox.CreateDeliveriesAsync(Cancel);
        var id = (await DeliveriesAsync(storage)).Single().Id;
        for (var n = 0; n < 10; n++)
        {
            if (n == 5)
            {
                await storage.Submit();
                await storage.Outbox.CreateDeliveriesAsync(Cancel);
                var other = (await DeliveriesAsync(storage)).Single(d => d.JobId != refused).Id;
                await storage.Deliveries.SettleAsync((await storage.Deliveries.TakeAsync(other, Cancel))!, Delivered, Cancel);
            }
            await storage.Deliveries.SettleAsync((await storage.Deliveries.TakeAsync(id, Cancel))!, Failed, Cancel);
            storage.Clock.Pass(TimeSpan.FromHours(30));
        }
        Assert.Equal(DeliveryStatus.Failed, (await DeliveryAsync(storage, id)).Status);
        Assert.Null((await WebhookAsync(storage, webhook)).Disabled);
    }

    [Fact]
    public async Task A_receiver_that_is_gone_gets_nothing_more_until_it_is_enabled_again()
    {
        await using var storage = await ReadyAsync();
        var webhook = await AddAsync(storage);
        await storage.Submit();
        await storage.Submit();
        await storage.Outbox.CreateDeliveriesAsync(Cancel);
        var due = await storage.Deliveries.DueAsync([], 10, Cancel);
        await storage.Deliveries.SettleAsync((await storage.Deliveries.TakeAsync(due[0].Id, Cancel))!, Gone, Cancel);
        Assert.Equal(DisabledReason.Gone, (await WebhookAsync(storage, webhook)).Disabled);
        storage.Clock.Pass(TimeSpan.FromMinutes(1));
        Assert.Empty(await storage.Deliveries.DueAsync([], 10, Cancel));
        Assert.Null(await storage.Deliveries.TakeAsync(due[1].Id, Cancel));
        await storage.Submit();
        Assert.Equal(0, await storage.Outbox.CreateDeliveriesAsync(Cancel)); // what happens while it is disabled is not kept for it

        Assert.Equal("webhook_disabled", (await storage.OnWebhooks(life => life.ReplayAsync(webhook, due[0].Id, Cancel))).Refusal!.Code);
        Assert.Null(
            (await storage.OnWebhooks(life => life.ChangeAsync(webhook, new(null, null, null, null, Enabled: true), Cancel))).Refusal);
        Assert.Equal(due.Select(d => d.Id).Order(), (await storage.Deliveries.DueAsync([], 10, Cancel)).Select(d => d.Id).Order());
    }

    [Fact]
    public async Task A_replay_sends_the_same_message_from_the_start()
    {
        await using var storage = await ReadyAsync();
        var webhook = await AddAsync(storage);
        await storage.Submit();
        await storage.Outbox.CreateDeliveriesAsync(Cancel);
        var id = (await DeliveriesAsync(storage)).Single().Id;
        var first = (await storage.Deliveries.TakeAsync(id, Cancel))!;
        await storage.OnWebhooks(life => life.ReplayAsync(webhook, id, Cancel)); // on its way: left alone
        await storage.Deliveries.SettleAsync(first, Delivered, Cancel);
        Assert.Equal(DeliveryStatus.Delivered, (await DeliveryAsync(storage, id)).Status);

        storage.Clock.Pass(TimeSpan.FromDays(1));
        var replayed = (await storage.OnWebhooks(life => life.ReplayAsync(webhook, id, Cancel))).Value!;
        Assert.Equal((DeliveryStatus.Pending, 0, 1), (replayed.Status, replayed.Round, replayed.Log.Count));
        var second = (await storage.Deliveries.TakeAsync(id, Cancel))!;
        Assert.Equal((first.Id, first.Body, 2), (second.Id, second.Body, second.Attempt));
        Assert.Equal("delivery_not_found",
            (await storage.OnWebhooks(life => life.ReplayAsync(webhook, Guid.NewGuid(), Cancel))).Refusal!.Code);
    }

    [Fact]
    public async Task A_delivery_that_is_given_back_is_due_at_once_and_has_lost_no_attempt()
    {
        await using var storage = await ReadyAsync();
        await AddAsync(storage);
        await storage.Submit();
        await storage.Outbox.CreateDeliveriesAsync(Cancel);
        var id = (await DeliveriesAsync(storage)).Single().Id;
        await storage.Deliveries.HandBackAsync((await storage.Deliveries.TakeAsync(id, Cancel))!, Cancel);
        Assert.Equal(id, Assert.Single(await storage.Deliveries.DueAsync([], 10, Cancel)).Id);
        Assert.Equal(0, (await DeliveryAsync(storage, id)).Round);
    }

    [Fact]
    public async Task Busy_receivers_are_left_out_of_what_is_due()
    {
        await using var storage = await ReadyAsync();
        var (slow, quick) = (await AddAsync(storage), await AddAsync(storage));
        await storage.Submit();
        await storage.Outbox.CreateDeliveriesAsync(Cancel);
        Assert.Equal(quick, Assert.Single(await storage.Deliveries.DueAsync([slow], 10, Cancel)).Webhook);
    }

    [Fact]
    public async Task A_deleted_webhook_takes_its_deliveries_with_it()
    {
        await using var storage = await ReadyAsync();
        var webhook = await AddAsync(storage);
        await storage.Submit();
        await storage.Outbox.CreateDeliveriesAsync(Cancel);
        var taken = (await storage.Deliveries.TakeAsync((await DeliveriesAsync(storage)).Single().Id, Cancel))!;
        Assert.Null(await storage.OnWebhooks(life => life.DeleteAsync(webhook, Cancel)));
        await storage.Deliveries.SettleAsync(taken, Failed, Cancel); // it was on its way
        Assert.Equal((0, 0), (await storage.Read(db => db.Deliveries.CountAsync(Cancel)),
            await storage.Read(db => db.DeliveryAttempts.CountAsync(Cancel))));
        Assert.Equal("webhook_not_found", (await storage.OnWebhooks(life => life.DeleteAsync(webhook, Cancel)))!.Code);
    }

    [Fact]
    public async Task A_delivery_outlives_its_job_and_goes_after_thirty_days()
    {
        await using var storage = await ReadyAsync();
        await AddAsync(storage);
        var job = await storage.Submit();
        await storage.AsARequest(life => life.CancelAsync(job, Cancel));
        await storage.Outbox.CreateDeliveriesAsync(Cancel);
        await storage.AsARequest(life => life.PurgeAsync(job, Cancel));
        Assert.Equal(2, (await DeliveriesAsync(storage)).Count);
        await storage.Deliveries.SettleAsync((await storage.Deliveries.TakeAsync((await DeliveriesAsync(storage))[0].Id, Cancel))!,
            Delivered, Cancel);
        storage.Clock.Pass(TimeSpan.FromDays(29));
        Assert.Equal(0, await storage.Deliveries.RemoveOldAsync(Cancel));
        storage.Clock.Pass(TimeSpan.FromDays(2));
        Assert.Equal(2, await storage.Deliveries.RemoveOldAsync(Cancel));
        Assert.Equal(0, await storage.Read(db => db.DeliveryAttempts.CountAsync(Cancel)));
    }

    [Fact]
    public async Task Owners_see_their_own_and_admins_all()
    {
        await using var storage = await ReadyAsync();
        var (ann, bob, root) = (new Caller("ann", Role.Submit, "ld_ann", null), new Caller("bob", Role.Submit, "ld_bob", null),
            new Caller("root", Role.Admin, "ld_root", null));
        var hers = await AddAsync(storage, ann);
        Assert.Equal("webhook_not_found",
            (await storage.OnWebhooks(life => life.ChangeAsync(hers, new(null, null, null, null, false), Cancel), bob)).Refusal!.Code);
        Assert.Equal("webhook_not_found", (await storage.OnWebhooks(life => life.RotateAsync(hers, Cancel), bob)).Refusal!.Code);
        Assert.Equal("webhook_not_found", (await storage.OnWebhooks(life => life.DeleteAsync(hers, Cancel), bob))!.Code);
        Assert.Equal("forbidden",
            (await storage.OnWebhooks(life => life.AddAsync(Everything with { AllOwners = true }, null, Cancel), ann)).Refusal!.Code);
        Assert.Equal("forbidden",
            (await storage.OnWebhooks(life => life.ChangeAsync(hers, new(null, null, null, true, null), Cancel), ann)).Refusal!.Code);
        Assert.Null((await storage.OnWebhooks(life => life.ChangeAsync(hers, new(null, null, null, true, false), Cancel), root)).Refusal);
        Assert.Equal([hers], await storage.OnWebhooks(life => life.Seen.Select(w => w.Id).ToListAsync(Cancel), root));
    }

    [Fact]
    public async Task An_owner_has_twenty_at_most_however_many_are_asked_for_at_once()
    {
        await using var storage = await ReadyAsync();
        for (var i = 0; i < 15; i++) await AddAsync(storage);
        var answers = await Task.WhenAll(Enumerable.Range(0, 10)
            .Select(_ => Task.Run(() => storage.OnWebhooks(life => life.AddAsync(Everything, null, Cancel)))));
        Assert.Equal((5, 5), (answers.Count(a => a.Refusal is null), answers.Count(a => a.Refusal?.Code == "too_many_webhooks")));
        await AddAsync(storage, new Caller("ann", Role.Submit, "ld_ann", null));
    }

    [Fact]
    public async Task A_new_secret_and_the_one_before_are_both_valid_for_a_day()
    {
        await using var storage = await ReadyAsync();
        var webhook = await AddAsync(storage);
        var before = (await WebhookAsync(storage, webhook)).Secret;
        var after = (await storage.OnWebhooks(life => life.RotateAsync(webhook, Cancel))).Value!.Secret;
        Assert.NotEqual(before, after);
        Assert.All([before, after], secret => Assert.Equal(32, Convert.FromBase64String(secret["whsec_".Length..]).Length));
        var row = await WebhookAsync(storage, webhook);
        Assert.Equal([after, before], row.ValidAt(storage.Clock.GetUtcNow() + TimeSpan.FromHours(23.9)));
        Assert.Equal([after], row.ValidAt(storage.Clock.GetUtcNow() + TimeSpan.FromHours(24.1)));
    }

    private async Task<TestStorage> ReadyAsync()
    {
        var storage = await TestStorage.NewAsync(database);
        await storage.AddInputs();
        return storage;
    }

    private static async Task<Guid> AddAsync(TestStorage storage, Caller? caller = null, string[]? types = null, bool? allOwners = null,
        bool? enabled = null)
    {
        var id = (await storage.OnWebhooks(life =>
            life.AddAsync(Everything with { Types = types, AllOwners = allOwners, Enabled = enabled }, null, Cancel), caller)).Value!.Id;
        storage.Clock.Pass(TimeSpan.FromMilliseconds(1));
        return id;
    }

    private static Task<List<DeliveryRow>> DeliveriesAsync(TestStorage storage) =>
        storage.Read(db => db.Deliveries.AsNoTracking().OrderBy(d => d.EventId).ToListAsync(Cancel));

    private static Task<DeliveryRow> DeliveryAsync(TestStorage storage, Guid id) =>
        storage.Read(db => db.Deliveries.AsNoTracking().Include(d => d.Log).SingleAsync(d => d.Id == id, Cancel));

    private static Task<WebhookRow> WebhookAsync(TestStorage storage, Guid id) =>
        storage.Read(db => db.Webhooks.AsNoTracking().SingleAsync(w => w.Id == id, Cancel));

    private static JsonElement Data(DeliveryRow delivery) => JsonDocument.Parse(delivery.Payload).RootElement.GetProperty("data");
}

public sealed class WebhookOnSqliteFacts() : WebhookFacts(Database.Sqlite);

public sealed class WebhookOnPostgresFacts() : WebhookFacts(Database.Postgres)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_event_that_is_committed_after_one_with_a_greater_id_is_told_all_the_same()
    {
        await using var storage = await TestStorage.NewAsync(Database.Postgres);
        await storage.AddInputs();
        await storage.OnWebhooks(life => life.AddAsync(new("https://hooks.example.com/", ["job.paused"], null, null, null), null, Cancel));
        storage.Clock.Pass(TimeSpan.FromMilliseconds(1));
        var (slow, quick) = (await storage.Submit(), await storage.Submit());
        await using var db = await storage.Contexts.CreateDbContextAsync(Cancel);
        await using var transaction = await db.Database.BeginTransactionAsync(Cancel);
        db.Events.Add(new() { JobId = slow, At = storage.Clock.GetUtcNow(), Type = EventType.Paused,
            Message = "has its id, and is not committed" });
        await db.SaveChangesAsync(Cancel);
        await storage.AsARequest(life => life.PauseAsync(quick, Cancel));
        Assert.Equal(1, await storage.Outbox.CreateDeliveriesAsync(Cancel));
        await transaction.CommitAsync(Cancel);
        Assert.Equal(1, await storage.Outbox.CreateDeliveriesAsync(Cancel));
        var sent = await storage.Read(rows => rows.Deliveries.OrderBy(d => d.CreatedAt).ThenBy(d => d.Id).ToListAsync(Cancel));
        Assert.Equal([quick, slow], sent.Select(d => d.JobId!.Value));
        Assert.True(sent[0].EventId > sent[1].EventId);
    }
}
