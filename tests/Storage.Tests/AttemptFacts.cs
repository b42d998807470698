using LoraDrop.Domain;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Storage.Tests;

/// <summary>How attempts end, and what follows.</summary>
public abstract class AttemptFacts(Database database)
{
    private static readonly Failure Crash = new(FailureCode.Killed, "signal 11");

    [Fact]
    public async Task A_failure_that_is_not_the_users_is_tried_again_twice()
    {
        await using var storage = await TestStorage.NewAsync(database);
        await storage.AddInputs();
        var id = await storage.Submit();
        for (var failure = 1; failure <= 2; failure++)
        {
            Assert.True(await (await storage.Take(id))!.FailAttemptAsync(Crash, default));
            Assert.Equal((JobStatus.Queued, failure, 0),
                ((await storage.Job(id)).Status, (await storage.Job(id)).Current.Failures, (await storage.Job(id)).Current.Interruptions));
        }
        Assert.True(await (await storage.Take(id))!.FailAttemptAsync(Crash, default));
        var job = await storage.Job(id);
        Assert.Equal((JobStatus.Failed, "signal 11", 3), (job.Status, job.Failure!.Message, job.Current.Attempt));
    }

    [Fact]
    public async Task A_users_error_fails_at_once()
    {
        await using var storage = await TestStorage.NewAsync(database);
        await storage.AddInputs();
        var id = await storage.Submit();
        await (await storage.Take(id))!.FailAttemptAsync(Failure.Refused([new("lora.rank", "is too large")]), default);
        Assert.Equal((JobStatus.Failed, 1), ((await storage.Job(id)).Status, (await storage.Job(id)).Current.Attempt));
    }

    [Fact]
    public async Task A_retry_by_a_person_counts_failures_anew()
    {
        await using var storage = await TestStorage.NewAsync(database);
        await storage.AddInputs();
        var id = await storage.Submit();
        for (var i = 0; i < 3; i++) await (await storage.Take(id))!.FailAttemptAsync(Crash, default);
        await storage.AsARequest(life => life.RetryAsync(id, default));
        await (await storage.Take(id))!.FailAttemptAsync(Crash, default);
        Assert.Equal(JobStatus.Queued, (await storage.Job(id)).Status);
    }

    [Fact]
    public async Task Interruptions_are_tried_again_without_limit_and_counted_apart()
    {
        await using var storage = await TestStorage.NewAsync(database);
        await storage.AddInputs();
        var id = await storage.Submit();
        for (var i = 0; i < 20; i++) Assert.True(await (await storage.Take(id))!.HandBackAsync("the worker was stopped", default));
        var job = await storage.Job(id);
        Assert.Equal((JobStatus.Queued, 20, 0), (job.Status, job.Current.Interruptions, job.Current.Failures));
    }

    [Fact]
    public async Task A_process_that_is_killed_over_and_over_without_a_checkpoint_fails_the_job_in_the_end()
    {
        await using var storage = await TestStorage.NewAsync(database);
        await storage.AddInputs();
        var id = await storage.Submit();
        for (var i = 0; i < StageLeases.MostKills; i++) await (await storage.Take(id))!.KilledAsync(Crash, default);
        var lease = (await storage.Take(id))!;
        await lease.CheckpointAsync(new() { JobId = id, Stage = lease.Stage, Step = 1, Attempt = lease.Attempt, Bytes = 1, Sha256 = "x" },
            default);
        await lease.KilledAsync(Crash, default);
        Assert.Equal(JobStatus.Queued, (await storage.Job(id)).Status); // it got somewhere
        for (var i = 0; i < StageLeases.MostKills; i++) await (await storage.Take(id))!.KilledAsync(Crash, default);
        Assert.Equal((JobStatus.Failed, FailureCode.Killed), ((await storage.Job(id)).Status, (await storage.Job(id)).Failure!.Code));
    }

    [Fact]
    public async Task A_lease_that_has_not_run_out_is_not_taken_away()
    {
        await using var storage = await TestStorage.NewAsync(database);
        await storage.AddInputs();
        var id = await storage.Submit();
        var lease = (await storage.Take(id))!;
        storage.Clock.Pass(storage.Leases.Length * 0.9);
        await lease.RenewAsync(default);
        storage.Clock.Pass(storage.Leases.Length * 0.9);
        Assert.False(await storage.Leases.Of(id, lease.Stage, lease.Attempt).ExpireAsync("silent", default));
        storage.Clock.Pass(storage.Leases.Length);
        Assert.True(await storage.Leases.Of(id, lease.Stage, lease.Attempt).ExpireAsync("silent", default));
        Assert.False(await lease.HoldsAsync(default));
        Assert.True(lease.Lost.IsCancellationRequested);
    }

    [Fact]
    public async Task A_change_whose_answer_was_lost_may_be_made_again()
    {
        await using var storage = await TestStorage.NewAsync(database);
        await storage.AddInputs();
        var id = await storage.Submit();
        var lease = (await storage.Take(id))!;
        var file = new StoredFile("importance.json", "jobs/x", 3, "abc");
        Assert.True((await lease.SucceedAsync(new([file]), default)).Held);
        Assert.True((await lease.SucceedAsync(new([file]), default)).Held);
        Assert.Equal(1, await storage.Read(db => db.Artifacts.CountAsync()));
        MetricRow Loss(double value) => new() { JobId = id, Stage = Stage.TaskAdaptation, Name = "train/loss", Step = 1, Value = value };
        var second = (await storage.Take(id, Stage.TaskAdaptation))!;
        await second.RenewAsync(_ => { }, [Loss(1)], default);
        await second.RenewAsync(_ => { }, [Loss(1)], default);
        Assert.Equal(1, await storage.Read(db => db.Metrics.CountAsync()));
    }

    [Fact]
    public async Task A_worker_whose_lease_ran_out_is_not_told_that_its_work_was_published()
    {
        await using var storage = await TestStorage.NewAsync(database);
        await storage.AddInputs();
        var id = await storage.Submit();
        var late = (await storage.Take(id))!;
        storage.Clock.Pass(storage.Leases.Length * 2);
        Assert.True(await storage.Leases.Of(id, late.Stage, late.Attempt).ExpireAsync("silent", default));
        Assert.False((await late.SucceedAsync(new([new("importance.json", "jobs/x", 3, "abc")]), default)).Held);
        Assert.Equal(0, await storage.Read(db => db.Artifacts.CountAsync()));
    }
}

public sealed class SqliteAttemptFacts() : AttemptFacts(Database.Sqlite);

public sealed class PostgresAttemptFacts() : AttemptFacts(Database.Postgres);
