using LoraDrop.Domain;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Storage.Tests;

public abstract class RecoveryFacts(Database database)
{
    [Fact]
    public async Task What_ran_when_the_service_died_is_queued_again_as_an_interruption()
    {
        await using var storage = await TestStorage.NewAsync(database);
        await storage.AddInputs();
        var id = await storage.Submit();
        await storage.Take(id);
        storage.Enqueued.Words.Clear();
        await storage.Recovery.RunAsync(default);
        var job = await storage.Job(id);
        Assert.Equal((JobStatus.Queued, JobStatus.Queued, 1, 1),
            (job.Status, job.Current.Status, job.Current.Attempt, job.Current.Interruptions));
        Assert.Equal([$"default: RunStageAsync({id}, ImportanceEvaluation)"], storage.Enqueued.Words);
    }

    [Fact]
    public async Task The_queue_is_made_again_in_its_old_order()
    {
        await using var storage = await TestStorage.NewAsync(database);
        await storage.AddInputs();
        var ids = new List<Guid>();
        for (var i = 0; i < 5; i++) ids.Add(await storage.Submit());
        storage.Enqueued.Words.Clear();
        await storage.Recovery.RunAsync(default);
        Assert.Equal(ids.Select(id => $"default: RunStageAsync({id}, ImportanceEvaluation)"), storage.Enqueued.Words);
    }

    [Fact]
    public async Task Inputs_that_were_being_prepared_are_prepared_again()
    {
        await using var storage = await TestStorage.NewAsync(database);
        await storage.AddInputs(InputStatus.Preparing);
        await storage.Recovery.RunAsync(default);
        Assert.Equal(["PrepareModelAsync", "PrepareDatasetAsync"], storage.Enqueued.Words.Select(w => w.Split(' ', '(')[1]));
    }

    [Fact]
    public async Task A_job_that_nobody_told_of_its_inputs_is_queued_once()
    {
        await using var storage = await TestStorage.NewAsync(database);
        await storage.AddInputs(InputStatus.Preparing);
        var id = await storage.Submit();
        await storage.Read(async db =>
        {
            await db.Models.ExecuteUpdateAsync(set => set.SetProperty(m => m.Status, InputStatus.Ready));
            return await db.Datasets.ExecuteUpdateAsync(set => set.SetProperty(d => d.Status, InputStatus.Ready));
        });
        await storage.Recovery.RunAsync(default);   // the service ended between the two
        Assert.Equal(JobStatus.Queued, (await storage.Job(id)).Current.Status);
        Assert.Equal([$"default: RunStageAsync({id}, ImportanceEvaluation)"], storage.Enqueued.Words);
    }
}

public sealed class RecoveryOnSqliteFacts() : RecoveryFacts(Database.Sqlite);

public sealed class RecoveryOnPostgresFacts() : RecoveryFacts(Database.Postgres);
