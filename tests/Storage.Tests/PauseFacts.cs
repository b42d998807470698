using LoraDrop.Domain;

namespace LoraDrop.Storage.Tests;

public abstract class PauseFacts(Database database)
{
    [Fact]
    public async Task A_queued_job_is_paused_at_once_and_nobody_takes_it_up()
    {
        await using var storage = await TestStorage.NewAsync(database);
        await storage.AddInputs();
        var id = await storage.Submit();
        await storage.AsARequest(life => life.PauseAsync(id, default));
        Assert.Equal(JobStatus.Paused, (await storage.Job(id)).Status);
        Assert.Null(await storage.Take(id));
        storage.Enqueued.Words.Clear();
        await storage.AsARequest(life => life.ResumeAsync(id, default));
        Assert.Equal(JobStatus.Queued, (await storage.Job(id)).Current.Status);
        Assert.Equal([$"default: RunStageAsync({id}, ImportanceEvaluation)"], storage.Enqueued.Words);
        Assert.NotNull(await storage.Take(id));
    }

    [Fact]
    public async Task A_running_job_is_paused_by_its_worker_and_goes_on_with_the_next_attempt()
    {
        await using var storage = await TestStorage.NewAsync(database);
        await storage.AddInputs();
        var id = await storage.Submit();
        var lease = (await storage.Take(id))!;
        await storage.AsARequest(life => life.PauseAsync(id, default));
        Assert.Equal((JobStatus.Running, StageRequest.Pause), ((await storage.Job(id)).Status, await lease.PendingRequestAsync(default)));
        Assert.True(await lease.PausedAsync(default));
        var paused = await storage.Job(id);
        Assert.Equal((JobStatus.Paused, JobStatus.Paused, null), (paused.Status, paused.Current.Status, paused.PauseRequestedAt));
        await storage.AsARequest(life => life.ResumeAsync(id, default));
        Assert.Equal(2, (await storage.Take(id))!.Attempt);
    }

    [Fact]
    public async Task A_job_that_waits_for_its_inputs_is_paused_and_does_not_start_when_they_come()
    {
        await using var storage = await TestStorage.NewAsync(database);
        await storage.AddInputs(InputStatus.Preparing);
        var id = await storage.Submit();
        await storage.AsARequest(life => life.PauseAsync(id, default));
        await storage.MakeReady();
        await storage.AsARequest(async life =>
        {
            await life.StartWaitingAsync(default);
            return 0;
        });
        Assert.Equal(JobStatus.Paused, (await storage.Job(id)).Status);
        await storage.AsARequest(life => life.ResumeAsync(id, default));
        Assert.Equal(JobStatus.Queued, (await storage.Job(id)).Current.Status);
    }

    [Fact]
    public async Task A_wish_to_pause_is_taken_back_by_resuming_before_the_worker_has_seen_it()
    {
        await using var storage = await TestStorage.NewAsync(database);
        await storage.AddInputs();
        var id = await storage.Submit();
        var lease = (await storage.Take(id))!;
        await storage.AsARequest(life => life.PauseAsync(id, default));
        await storage.AsARequest(life => life.ResumeAsync(id, default));
        Assert.Equal(StageRequest.None, await lease.PendingRequestAsync(default));
    }

    [Fact]
    public async Task A_wish_that_is_taken_back_while_the_child_saves_leaves_the_job_in_the_queue()
    {
        await using var storage = await TestStorage.NewAsync(database);
        await storage.AddInputs();
        var id = await storage.Submit();
        var lease = (await storage.Take(id))!;
        await storage.AsARequest(life => life.PauseAsync(id, default));
        Assert.Equal(StageRequest.Pause, await lease.PendingRequestAsync(default));
        await storage.AsARequest(life => life.ResumeAsync(id, default));
        Assert.True(await lease.PausedAsync(default));
        Assert.Equal((JobStatus.Queued, JobStatus.Queued), ((await storage.Job(id)).Status, (await storage.Job(id)).Current.Status));
    }

    [Fact]
    public async Task What_was_wished_of_a_worker_that_died_comes_true_when_its_lease_runs_out()
    {
        await using var storage = await TestStorage.NewAsync(database);
        await storage.AddInputs();
        var (cancelled, paused) = (await storage.Submit(), await storage.Submit());
        var leases = new[] { (await storage.Take(cancelled))!, (await storage.Take(paused))! };
        await storage.AsARequest(life => life.CancelAsync(cancelled, default));
        await storage.AsARequest(life => life.PauseAsync(paused, default));
        storage.Clock.Pass(storage.Leases.Length * 2);
        foreach (var lease in leases)
            Assert.True(await storage.Leases.Of(lease.Job, lease.Stage, lease.Attempt).ExpireAsync("silent", default));
        Assert.Equal((JobStatus.Cancelled, JobStatus.Paused), ((await storage.Job(cancelled)).Status, (await storage.Job(paused)).Status));
        Assert.All((await storage.Job(cancelled)).Stages, stage => Assert.Equal(JobStatus.Cancelled, stage.Status));
    }

    [Fact]
    public async Task Cancelling_counts_more_than_pausing()
    {
        await using var storage = await TestStorage.NewAsync(database);
        await storage.AddInputs();
        var (running, paused) = (await storage.Submit(), await storage.Submit());
        var lease = (await storage.Take(running))!;
        await storage.AsARequest(life => life.PauseAsync(running, default));
        await storage.AsARequest(life => life.CancelAsync(running, default));
        Assert.Equal(StageRequest.Cancel, await lease.PendingRequestAsync(default));
        Assert.Equal("job_cancelling", (await storage.AsARequest(life => life.PauseAsync(running, default))).Refusal!.Code);
        await storage.AsARequest(life => life.PauseAsync(paused, default));
        await storage.AsARequest(life => life.CancelAsync(paused, default));
        Assert.Equal(JobStatus.Cancelled, (await storage.Job(paused)).Status);
    }

    [Fact]
    public async Task What_is_not_paused_cannot_be_resumed_and_what_has_ended_cannot_be_paused()
    {
        await using var storage = await TestStorage.NewAsync(database);
        await storage.AddInputs();
        var id = await storage.Submit();
        Assert.Equal("job_not_paused", (await storage.AsARequest(life => life.ResumeAsync(id, default))).Refusal!.Code);
        await storage.AsARequest(life => life.CancelAsync(id, default));
        Assert.Equal("job_ended", (await storage.AsARequest(life => life.PauseAsync(id, default))).Refusal!.Code);
        Assert.Equal("job_not_found", (await storage.AsARequest(life => life.PauseAsync(Guid.NewGuid(), default))).Refusal!.Code);
    }
}

public sealed class SqlitePauseFacts() : PauseFacts(Database.Sqlite);

public sealed class PostgresPauseFacts() : PauseFacts(Database.Postgres);
