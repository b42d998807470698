using LoraDrop.Domain;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Storage.Tests;

public abstract class JobLifeFacts(Database database)
{
    [Fact]
    public async Task A_submitted_job_waits_in_the_queue_with_its_first_stage()
    {
        await using var storage = await TestStorage.NewAsync(database);
        await storage.AddInputs();
        var id = await storage.Submit();
        var job = await storage.Job(id);
        Assert.Equal(JobStatus.Queued, job.Status);
        Assert.Equal([JobStatus.Queued, JobStatus.Waiting], job.Stages.OrderBy(s => s.Stage).Select(s => s.Status));
        Assert.Equal([$"default: RunStageAsync({id}, ImportanceEvaluation)"], storage.Enqueued.Words);
    }

    [Fact]
    public async Task The_method_lora_has_no_importance_evaluation()
    {
        await using var storage = await TestStorage.NewAsync(database);
        await storage.AddInputs();
        var id = await storage.Submit(""", "method": "lora" """);
        Assert.Equal([Stage.TaskAdaptation], (await storage.Job(id)).Stages.Select(s => s.Stage));
        Assert.Equal([$"default: RunStageAsync({id}, TaskAdaptation)"], storage.Enqueued.Words);
    }

    [Fact]
    public async Task What_is_not_registered_is_a_fault_with_the_names_that_are()
    {
        await using var storage = await TestStorage.NewAsync(database);
        await storage.AddInputs();
        var request = JobRequest.Parse("""{"model": "tinny", "dataset": "mood", "task": {"preset": "glue/rte"}}""");
        var refusal = Assert.IsType<Refusal.Invalid>((await storage.AsARequest(life => life.SubmitAsync(request, default))).Refusal);
        Assert.Equal(["model", "dataset"], refusal.Faults.Select(f => f.Path));
        Assert.Contains("there is tiny", refusal.Faults[0].Message);
        Assert.Empty(storage.Enqueued.Words);
    }

    [Fact]
    public async Task Faults_of_the_settings_and_of_what_they_name_come_together()
    {
        await using var storage = await TestStorage.NewAsync(database);
        await storage.AddInputs();
        var draft =
            JobDraft.Read("""{"model": "tinny", "dataset": 7, "task": {"preset": "glue/rte"}, "sharing": {"threshold": 2}, "epochs": 3}""");
        var refusal = Assert.IsType<Refusal.Invalid>((await storage.AsARequest(life => life.SubmitAsync(draft, null, default))).Refusal);
        Assert.Equal(["dataset", "epochs", "model", "sharing.threshold"], refusal.Faults.Select(f => f.Path).Order());
        Assert.Equal(0, await storage.Read(db => db.Jobs.CountAsync()));
    }

    [Fact]
    public async Task A_source_is_prepared_once_however_many_jobs_name_it()
    {
        await using var storage = await TestStorage.NewAsync(database);
        await storage.AddInputs();
        var request = TestStorage.Request() with { Model = "hf:org/model" };
        foreach (var _ in Enumerable.Range(0, 3)) await storage.AsARequest(life => life.SubmitAsync(request, default));
        Assert.StartsWith("preparation: PrepareModelAsync(", Assert.Single(storage.Enqueued.Words));
        Assert.Equal(1, await storage.Read(db => db.Models.CountAsync(m => m.Source == "hf:org/model")));
    }

    [Fact]
    public async Task A_job_starts_when_what_it_waited_for_is_ready()
    {
        await using var storage = await TestStorage.NewAsync(database);
        await storage.AddInputs(InputStatus.Preparing);
        var id = await storage.Submit();
        Assert.Equal(JobStatus.Waiting, (await storage.Job(id)).Current.Status);
        await storage.Read(async db =>
        {
            await db.Models.ExecuteUpdateAsync(set => set.SetProperty(m => m.Status, InputStatus.Ready));
            return await db.Datasets.ExecuteUpdateAsync(set => set.SetProperty(d => d.Status, InputStatus.Ready));
        });
        var dataset = (await storage.Job(id)).DatasetId;
        await storage.AsARequest(async life =>
        {
            await life.InputPreparedAsync(dataset, default);
            await life.InputPreparedAsync(dataset, default); // a second call finds nothing to do
            return 0;
        });
        Assert.Equal(JobStatus.Queued, (await storage.Job(id)).Current.Status);
        Assert.Equal([$"default: RunStageAsync({id}, ImportanceEvaluation)"], storage.Enqueued.Words);
    }

    [Fact]
    public async Task A_job_fails_with_the_faults_of_the_dataset_that_it_waited_for()
    {
        await using var storage = await TestStorage.NewAsync(database);
        await storage.AddInputs(InputStatus.Preparing);
        var id = await storage.Submit();
        var failure = Failure.Refused([new Fault("train.tsv row 7 (line 8)", "must have 2 fields; it has 3")]);
        await storage.Read(db =>
            db.Datasets.ExecuteUpdateAsync(set => set.SetProperty(d => d.Status, InputStatus.Failed).SetProperty(d => d.Failure, failure)));
        await storage.AsARequest(async life =>
        {
            await life.InputPreparedAsync((await storage.Job(id)).DatasetId, default);
            return 0;
        });
        var job = await storage.Job(id);
        Assert.Equal((JobStatus.Failed, FailureCode.DatasetFailed), (job.Status, job.Failure!.Code));
        Assert.Equal(failure.Faults, job.Failure.Faults);
    }

    [Fact]
    public async Task A_waiting_job_is_cancelled_at_once_and_never_runs()
    {
        await using var storage = await TestStorage.NewAsync(database);
        await storage.AddInputs();
        var id = await storage.Submit();
        Assert.Null((await storage.AsARequest(life => life.CancelAsync(id, default))).Refusal);
        Assert.Equal(JobStatus.Cancelled, (await storage.Job(id)).Status);
        Assert.Null(await storage.Take(id));
    }

    [Fact]
    public async Task A_running_job_is_asked_to_stop_and_is_cancelled_by_its_worker()
    {
        await using var storage = await TestStorage.NewAsync(database);
        await storage.AddInputs();
        var id = await storage.Submit();
        var lease = (await storage.Take(id))!;
        Assert.Equal(StageRequest.None, await lease.PendingRequestAsync(default));
        await storage.AsARequest(life => life.CancelAsync(id, default));
        Assert.Equal(JobStatus.Running, (await storage.Job(id)).Status);
        Assert.Equal(StageRequest.Cancel, await lease.PendingRequestAsync(default));
        Assert.True(await lease.CancelledAsync(default));
        Assert.All((await storage.Job(id)).Stages, stage => Assert.Equal(JobStatus.Cancelled, stage.Status));
    }

    [Fact]
    public async Task An_ended_job_cannot_be_cancelled()
    {
        await using var storage = await TestStorage.NewAsync(database);
        await storage.AddInputs();
        var id = await storage.Submit();
        await (await storage.Take(id))!.FailAsync(new(FailureCode.Killed, "signal 9"), default);
        Assert.Equal("job_ended", (await storage.AsARequest(life => life.CancelAsync(id, default))).Refusal!.Code);
    }

    [Fact]
    public async Task A_retry_queues_the_stage_that_failed_and_keeps_what_was_done()
    {
        await using var storage = await TestStorage.NewAsync(database);
        await storage.AddInputs();
        var id = await storage.Submit();
        await (await storage.Take(id))!.SucceedAsync(new([]), default);
        await (await storage.Take(id, Stage.TaskAdaptation))!.FailAsync(new(FailureCode.Killed, "signal 9"), default);
        storage.Enqueued.Words.Clear();
        var job = (await storage.AsARequest(life => life.RetryAsync(id, default))).Value!;
        Assert.Equal((JobStatus.Queued, null, null), (job.Status, job.Failure, job.FinishedAt));
        Assert.Equal([JobStatus.Succeeded, JobStatus.Queued], job.Stages.OrderBy(s => s.Stage).Select(s => s.Status));
        Assert.Equal([$"default: RunStageAsync({id}, TaskAdaptation)"], storage.Enqueued.Words);
        Assert.Equal(2, (await storage.Take(id, Stage.TaskAdaptation))!.Attempt);
    }

    [Fact]
    public async Task Only_what_failed_or_was_cancelled_can_be_tried_again()
    {
        await using var storage = await TestStorage.NewAsync(database);
        await storage.AddInputs();
        var id = await storage.Submit();
        Assert.Equal("job_not_ended", (await storage.AsARequest(life => life.RetryAsync(id, default))).Refusal!.Code);
        Assert.Equal("job_not_found", (await storage.AsARequest(life => life.RetryAsync(Guid.NewGuid(), default))).Refusal!.Code);
    }

    [Fact]
    public async Task Purging_removes_rows_and_files_but_not_of_an_active_job()
    {
        await using var storage = await TestStorage.NewAsync(database);
        await storage.AddInputs();
        var id = await storage.Submit();
        var other = await storage.Submit();
        foreach (var job in new[] { id, other })
            await storage.Objects.PutAsync($"jobs/{job:D}/attempts/x/result.json", new MemoryStream([1]), default);
        Assert.Equal("job_active", (await storage.AsARequest(life => life.PurgeAsync(id, default)))!.Code);
        await storage.AsARequest(life => life.CancelAsync(id, default));
        Assert.Null(await storage.AsARequest(life => life.PurgeAsync(id, default)));
        Assert.Equal([other], await storage.Read(db => db.Jobs.Select(j => j.Id).ToListAsync()));
        Assert.Equal([other], await storage.Read(db => db.Events.Select(e => e.JobId).Distinct().ToListAsync()));
        Assert.Equal([$"jobs/{other:D}/attempts/x/result.json"],
            await storage.Objects.ListAsync("jobs/", default).Select(file => file.Key).ToListAsync());
    }

    [Fact]
    public async Task A_deleted_job_can_be_restored_until_its_time_is_over()
    {
        await using var storage = await TestStorage.NewAsync(database);
        await storage.AddInputs();
        var id = await storage.Submit();
        Assert.Equal("job_active", (await storage.AsARequest(life => life.DeleteAsync(id, default)))!.Code);
        await storage.AsARequest(life => life.CancelAsync(id, default));
        Assert.Null(await storage.AsARequest(life => life.DeleteAsync(id, default)));
        Assert.Equal("job_not_found", (await storage.AsARequest(life => life.DeleteAsync(id, default)))!.Code);
        Assert.Equal("job_not_found", (await storage.AsARequest(life => life.RetryAsync(id, default))).Refusal!.Code);

        storage.Clock.Pass(TimeSpan.FromDays(6.9));
        Assert.Equal(0, await storage.AsARequest(life => life.PurgeDeletedAsync(default)));
        Assert.Null((await storage.AsARequest(life => life.RestoreAsync(id, default))).Value!.DeletedAt);
        Assert.Equal("job_not_found", (await storage.AsARequest(life => life.RestoreAsync(Guid.NewGuid(), default))).Refusal!.Code);

        await storage.AsARequest(life => life.DeleteAsync(id, default));
        storage.Clock.Pass(TimeSpan.FromDays(7.1));
        Assert.Equal(1, await storage.AsARequest(life => life.PurgeDeletedAsync(default)));
        Assert.Equal("job_not_found", (await storage.AsARequest(life => life.RestoreAsync(id, default))).Refusal!.Code);
    }

    [Fact]
    public async Task Importance_from_must_name_a_job_that_measured_the_same_modules()
    {
        await using var storage = await TestStorage.NewAsync(database);
        await storage.AddInputs();
        var measured = await storage.Submit();
        async Task<string> Fault(string from) =>
            Assert.IsType<Refusal.Invalid>(
                (await storage.AsARequest(life => life.SubmitAsync(TestStorage.Request($$""", "importance": {"from": "{{from}}"} """),
                default))).Refusal).Faults.Single().ToString();
        Assert.Equal("importance.from: must be the id of a job", await Fault("yesterday"));
        Assert.Contains("there is no job", await Fault(Guid.NewGuid().ToString()));
        Assert.Contains("has no importance: it is queued", await Fault(measured.ToString()));
    }

    [Fact]
    public async Task An_initial_adapter_must_name_a_finished_job_or_a_place_that_may_be_read()
    {
        await using var storage = await TestStorage.NewAsync(database);
        await storage.AddInputs();
        var queued = await storage.Submit();
        async Task<string> Fault(string adapter) =>
            Assert.IsType<Refusal.Invalid>((await storage.AsARequest(life => life.SubmitAsync(
                TestStorage.Request($$""", "method": "lora", "initialAdapter": "{{adapter}}" """), default))).Refusal)
                .Faults.Single().ToString();
        Assert.Contains("there is no job", await Fault(Guid.NewGuid().ToString()));
        Assert.Contains("has no adapter: it is queued", await Fault(queued.ToString()));
        Assert.Contains("must be the id of a finished job, hf:<org>/<name>", await Fault("mine"));
        Assert.Contains("an adapter has no configs", await Fault("hf:org/a#b"));
        Assert.Contains("hf:<org>/<name>", await Fault("hf:org/a/b"));
        Assert.Contains("there is no folder /not/there", await Fault("file:/not/there"));
        Assert.Contains("s3:// needs a service that keeps its objects in an S3 store", await Fault("s3://bucket/a"));
    }
}

public sealed class JobLifeOnSqliteFacts() : JobLifeFacts(Database.Sqlite);

public sealed class JobLifeOnPostgresFacts() : JobLifeFacts(Database.Postgres);
