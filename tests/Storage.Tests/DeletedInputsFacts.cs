using LoraDrop.Domain;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Storage.Tests;

/// <summary>Models and datasets that are removed at the very moment in which a job is submitted that names them.</summary>
public abstract class DeletedInputsFacts(Database database)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("model")]
    [InlineData("dataset")]
    public async Task What_is_removed_after_it_was_found_is_not_registered(string what)
    {
        await using var storage = await TestStorage.NewAsync(database);
        await storage.AddInputs();
        storage.Clock.Once(() =>
        {
            using var db = storage.Contexts.CreateDbContext();
            _ = what == "model" ? db.Models.ExecuteDelete() : db.Datasets.ExecuteDelete();
        });
        var answer = await storage.AsARequest(life => life.SubmitAsync(TestStorage.Request(), Cancel));
        var fault = Assert.Single(Assert.IsType<Refusal.Invalid>(answer.Refusal).Faults);
        Assert.Equal(what, fault.Path);
        Assert.StartsWith($"there is no registered {what} ", fault.Message);
        Assert.Equal((0, 0),
            (await storage.Read(db => db.Jobs.CountAsync(Cancel)), await storage.Read(db => db.Events.CountAsync(Cancel))));
        Assert.Empty(storage.Enqueued.Words);
    }

    [Fact]
    public async Task A_source_that_is_removed_after_it_was_found_is_prepared_anew()
    {
        await using var storage = await TestStorage.NewAsync(database);
        await storage.AddInputs();
        var request = TestStorage.Request() with { Model = "hf:org/model@0123456789012345678901234567890123456789" };
        var first = (await storage.AsARequest(life => life.SubmitAsync(request, Cancel))).Value!;
        await storage.AsARequest(life => life.CancelAsync(first.Id, Cancel));
        await storage.AsARequest(life => life.PurgeAsync(first.Id, Cancel));
        storage.Enqueued.Words.Clear();
        storage.Clock.Once(() =>
        {
            using var db = storage.Contexts.CreateDbContext();
            db.Models.Where(m => m.Name == null).ExecuteDelete();
        });
        var job = (await storage.AsARequest(life => life.SubmitAsync(request, Cancel))).Value!;
        Assert.NotEqual(first.ModelId, job.ModelId);
        Assert.Equal([$"preparation: PrepareModelAsync({job.ModelId})"], storage.Enqueued.Words);
    }

    [Fact]
    public async Task What_a_job_takes_up_while_it_is_removed_stays_until_that_job_is_gone()
    {
        await using var storage = await TestStorage.NewAsync(database);
        await storage.AddInputs();
        var before = await storage.Submit();
        await storage.AsARequest(life => life.CancelAsync(before, Cancel));
        Assert.Null(await storage.OnInputs(life => life.DeleteModelAsync("tiny", Cancel)));
        var old = await storage.Job(before);
        await storage.Objects.PutAsync($"models/{old.ModelId:D}/1/config.json", new MemoryStream([1]), Cancel);

        Task<Refusal?> deleting;
        var late = Guid.CreateVersion7();
        await using (var db = await storage.Contexts.CreateDbContextAsync(Cancel))
        await using (var transaction = await db.Database.BeginTransactionAsync(Cancel))
        {
            db.Add(new JobRow
            {
                Id = late, Status = JobStatus.Cancelled, Settings = old.Settings, ServiceVersion = old.ServiceVersion,
                ModelId = old.ModelId, DatasetId = old.DatasetId, CreatedAt = storage.Clock.GetUtcNow(), Version = 1,
            });
            await db.SaveChangesAsync(Cancel);
            deleting = Task.Run(() => storage.AsARequest(life => life.PurgeAsync(before, Cancel)), Cancel);
            await Task.Delay(500, Cancel); // it waits for the job that is not saved yet
            Assert.False(deleting.IsCompleted);
            await transaction.CommitAsync(Cancel);
        }
        Assert.Null(await deleting);
        Assert.Equal([old.ModelId], await storage.Read(db => db.Models.Select(m => m.Id).ToListAsync(Cancel)));
        Assert.Single(await storage.Objects.ListAsync("models/", Cancel).ToListAsync(Cancel));

        Assert.Null(await storage.AsARequest(life => life.PurgeAsync(late, Cancel)));
        Assert.Equal(0, await storage.Read(db => db.Models.CountAsync(Cancel)));
        Assert.Empty(await storage.Objects.ListAsync("models/", Cancel).ToListAsync(Cancel));
    }

    [Fact]
    public async Task Submitting_and_deleting_at_once_ends_either_way_and_never_in_an_error()
    {
        await using var storage = await TestStorage.NewAsync(database);
        await storage.AddInputs();
        for (var round = 0; round < 20; round++)
        {
            var name = $"m{round}";
            await storage.Read(async db =>
            {
                db.Models.Add(new() { Id = Guid.CreateVersion7(), Name = name, Source = "hf:a/b", Status = InputStatus.Ready });
                return await db.SaveChangesAsync(Cancel);
            });
            var request = TestStorage.Request() with { Model = name };
            var submits = Enumerable.Range(0, 3)
                .Select(_ => Task.Run(() => storage.AsARequest(life => life.SubmitAsync(request, Cancel)), Cancel)).ToList();
            var delete = Task.Run(() => storage.OnInputs(life => life.DeleteModelAsync(name, Cancel)), Cancel);
            Assert.True(await delete is null or Refusal.Conflict { Code: "model_in_use" });
            foreach (var answer in await Task.WhenAll(submits))
                if (answer.IsRefused(out var refusal, out var job))
                    Assert.StartsWith("there is no registered model",
                        Assert.Single(Assert.IsType<Refusal.Invalid>(refusal).Faults).Message);
                else Assert.True(await storage.Read(db => db.Models.AnyAsync(m => m.Id == job.ModelId, Cancel)));
        }
    }
}

public sealed class DeletedInputsOnSqliteFacts() : DeletedInputsFacts(Database.Sqlite);

public sealed class DeletedInputsOnPostgresFacts() : DeletedInputsFacts(Database.Postgres);
