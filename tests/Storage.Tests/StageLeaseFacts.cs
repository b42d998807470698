using LoraDrop.Domain;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Storage.Tests;

public abstract class StageLeaseFacts(Database database)
{
    private static readonly StoredFile File = new("adapter/adapter_model.safetensors", "jobs/x", 3, "abc");

    private static MetricRow Loss(Guid job, int step, double value, string name = "train/loss") =>
        new() { JobId = job, Stage = Stage.ImportanceEvaluation, Name = name, Step = step, Value = value };

    private static CheckpointRow Checkpoint(StageLease lease, int step) => new()
    {
        JobId = lease.Job, Stage = lease.Stage, Step = step, Attempt = lease.Attempt, At = DateTimeOffset.UtcNow, Bytes = 1, Sha256 = "x",
        Files = [new("checkpoint.safetensors", $"key-{lease.Attempt}-{step}", 1, "x")],
    };

    [Fact]
    public async Task Of_many_workers_one_gets_the_stage()
    {
        await using var storage = await TestStorage.NewAsync(database);
        await storage.AddInputs();
        var id = await storage.Submit();
        var taken = await Task.WhenAll(Enumerable.Range(0, 16).Select(i => Task.Run(() => storage.Take(id, worker: $"w{i}"))));
        Assert.Single(taken, lease => lease is not null);
        Assert.Equal(1, (await storage.Job(id)).Current.Attempt);
    }

    [Fact]
    public async Task A_worker_whose_stage_went_to_another_writes_nothing()
    {
        await using var storage = await TestStorage.NewAsync(database);
        await storage.AddInputs();
        var id = await storage.Submit();
        var late = (await storage.Take(id))!;
        await storage.Leases.Of(id, late.Stage, late.Attempt).HandBackAsync("it fell silent", default);
        var current = (await storage.Take(id, worker: "w2"))!;
        var before = await storage.Job(id);

        Assert.False(await late.RenewAsync(set => set.SetProperty(s => s.Step, 99), [Loss(id, 1, 1)], default));
        Assert.False(await late.AddEventAsync(EventLevel.Info, EventType.Log, "late", null, default));
        Assert.Null(await late.CheckpointAsync(Checkpoint(late, 5), default));
        Assert.False((await late.SucceedAsync(new([File]), default)).Held);
        Assert.False(await late.FailAsync(new(FailureCode.Killed, "late"), default));
        Assert.False(await late.CancelledAsync(default));
        Assert.False(await late.HandBackAsync("late", default));

        var after = await storage.Job(id);
        Assert.Equal((before.Version, JobStatus.Running, "w2", 2),
            (after.Version, after.Status, after.Current.LeaseOwner, current.Attempt));
        Assert.Equal(0, await storage.Read(async db => await db.Metrics.CountAsync() + await db.Artifacts.CountAsync()
            + await db.Checkpoints.CountAsync()));
    }

    [Fact]
    public async Task Asking_what_people_wish_is_no_sign_of_life()
    {
        await using var storage = await TestStorage.NewAsync(database);
        await storage.AddInputs();
        using var lease = (await storage.Take(await storage.Submit()))!;
        storage.Clock.Pass(lease.Length / 2);
        Assert.Equal(StageRequest.None, await lease.PendingRequestAsync(default));
        Assert.True(lease.Silence >= lease.Length / 2, $"{lease.Silence}: it would not be renewed");
        Assert.True(await lease.RenewAsync(default));
        Assert.True(lease.Silence < lease.Length / 2, $"{lease.Silence}");
    }

    [Fact]
    public async Task Success_of_the_first_stage_queues_the_second_and_of_the_second_ends_the_job()
    {
        await using var storage = await TestStorage.NewAsync(database);
        await storage.AddInputs();
        var id = await storage.Submit();
        var (held, next) = await (await storage.Take(id))!.SucceedAsync(new([File with { Name = "importance.json" }]), default);
        Assert.Equal((true, Stage.TaskAdaptation), (held, next!.Stage));
        Assert.Equal(JobStatus.Running, (await storage.Job(id)).Status);
        var second = (await storage.Take(id, Stage.TaskAdaptation))!;
        Assert.Equal((true, null), await second.SucceedAsync(new([File], Result: new("{}", 0.9, "accuracy 0.9")), default));
        var job = await storage.Job(id);
        Assert.Equal((JobStatus.Succeeded, 0.9, "{}"), (job.Status, job.Score, job.Result));
        Assert.NotNull(job.FinishedAt);
        Assert.Equal(["adapter/adapter_model.safetensors", "importance.json"],
            await storage.Read(db => db.Artifacts.Where(a => a.JobId == id).OrderBy(a => a.Name).Select(a => a.Name).ToListAsync()));
    }

    [Fact]
    public async Task A_cancel_between_the_stages_ends_the_job()
    {
        await using var storage = await TestStorage.NewAsync(database);
        await storage.AddInputs();
        var id = await storage.Submit();
        await (await storage.Take(id))!.SucceedAsync(new([]), default);
        await storage.AsARequest(life => life.CancelAsync(id, default));
        Assert.Equal(JobStatus.Cancelled, (await storage.Job(id)).Status);
        Assert.Null(await storage.Take(id, Stage.TaskAdaptation));
    }

    [Fact]
    public async Task Every_change_that_a_reader_can_see_is_a_new_version()
    {
        await using var storage = await TestStorage.NewAsync(database);
        await storage.AddInputs();
        var id = await storage.Submit();
        var seen = new List<long> { (await storage.Job(id)).Version };
        async Task After(Func<Task> change)
        {
            await change();
            seen.Add((await storage.Job(id)).Version);
        }
        StageLease lease = null!;
        await After(async () => lease = (await storage.Take(id))!);
        await After(() => lease.RenewAsync(set => set.SetProperty(s => s.Step, 3), [], default));
        await After(() => storage.AsARequest(life => life.CancelAsync(id, default)));
        await After(() => lease.CancelledAsync(default));
        await After(() => storage.AsARequest(life => life.RetryAsync(id, default)));
        Assert.Equal(seen.Distinct().Order(), seen);
    }

    [Fact]
    public async Task A_resumed_run_replaces_the_numbers_beyond_its_checkpoint()
    {
        await using var storage = await TestStorage.NewAsync(database);
        await storage.AddInputs();
        var id = await storage.Submit();
        var lease = (await storage.Take(id))!;
        await lease.RenewAsync(_ => { }, [.. Enumerable.Range(1, 5).Select(step => Loss(id, step, 1)),
            Loss(id, 3, 0.5, "validation/accuracy")], default);
        await lease.RewindAsync(3, default);
        await lease.RenewAsync(_ => { }, [Loss(id, 4, 2), Loss(id, 5, 2), Loss(id, 3, 0.6, "validation/accuracy")], default);
        Assert.Equal([1, 1, 1, 2, 2], await storage.Read(db => db.Metrics.Where(m => m.Name == "train/loss").OrderBy(m => m.Step)
            .Select(m => m.Value).ToListAsync()));
        Assert.Equal(0.6,
            await storage.Read(db => db.Metrics.Where(m => m.Name == "validation/accuracy").Select(m => m.Value).SingleAsync()));
    }

    [Fact]
    public async Task A_newer_checkpoint_takes_the_place_of_the_older_and_names_its_files()
    {
        await using var storage = await TestStorage.NewAsync(database);
        await storage.AddInputs();
        var lease = (await storage.Take(await storage.Submit()))!;
        Assert.Empty((await lease.CheckpointAsync(Checkpoint(lease, 5), default))!);
        Assert.Equal(["key-1-5"], (await lease.CheckpointAsync(Checkpoint(lease, 9), default))!.Select(f => f.Key));
        Assert.Equal([(5, 0), (9, 1)], (await storage.Read(db => db.Checkpoints.OrderBy(c => c.Step).ToListAsync())).Select(c =>
            (c.Step, c.Files.Count)));
    }

    [Fact]
    public async Task A_checkpoint_of_the_same_step_in_a_later_attempt_replaces_it()
    {
        await using var storage = await TestStorage.NewAsync(database);
        await storage.AddInputs();
        var id = await storage.Submit();
        var first = (await storage.Take(id))!;
        await first.CheckpointAsync(Checkpoint(first, 5), default);
        await first.HandBackAsync("stopped", default);
        var second = (await storage.Take(id))!;
        Assert.Equal(["key-1-5"], (await second.CheckpointAsync(Checkpoint(second, 5), default))!.Select(f => f.Key));
        Assert.Equal(2, (await storage.Read(db => db.Checkpoints.SingleAsync())).Attempt);
    }
}

public sealed class StageLeaseOnSqliteFacts() : StageLeaseFacts(Database.Sqlite);

public sealed class StageLeaseOnPostgresFacts() : StageLeaseFacts(Database.Postgres);
