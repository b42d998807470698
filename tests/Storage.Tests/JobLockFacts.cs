using LoraDrop.Domain;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Storage.Tests;

/// <summary>Changes of one job come one after the other.</summary>
public abstract class JobLockFacts(Database database)
{
    [Fact]
    public async Task Who_takes_a_job_s_row_sees_what_the_one_before_wrote()
    {
        await using var storage = await TestStorage.NewAsync(database);
        await storage.AddInputs();
        var id = await storage.Submit();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => storage.Read(async db =>
        {
            await using var transaction = await db.Database.BeginTransactionAsync();
            await db.LockJobAsync(id, default);
            var stage = await db.Stages.SingleAsync(s => s.JobId == id && s.Stage == Stage.ImportanceEvaluation);
            await Task.Delay(5);
            stage.Step++;
            await db.SaveChangesAsync();
            await transaction.CommitAsync();
            return 0;
        }))));
        Assert.Equal(8, (await storage.Job(id)).Current.Step);
    }
}

public sealed class JobLockOnSqliteFacts() : JobLockFacts(Database.Sqlite);

public sealed class JobLockOnPostgresFacts() : JobLockFacts(Database.Postgres)
{
    [Fact]
    public async Task Another_job_is_not_held()
    {
        await using var storage = await TestStorage.NewAsync(Database.Postgres);
        await storage.AddInputs();
        var (held, other) = (await storage.Submit(), await storage.Submit());
        await storage.Read(async db =>
        {
            await using var transaction = await db.Database.BeginTransactionAsync();
            await db.LockJobAsync(held, default);
            Assert.Null((await storage.AsARequest(life => life.CancelAsync(other, default)).WaitAsync(TimeSpan.FromMinutes(5))).Refusal);
            await db.LockJobAsync(Guid.NewGuid(), default); // of none
            return 0;
        });
    }
}
