using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Storage.Tests;

public abstract class PreparationLeasesFacts(Database database)
{
    [Fact]
    public async Task Of_many_workers_one_prepares_an_input()
    {
        await using var storage = await TestStorage.NewAsync(database);
        await storage.AddInputs(InputStatus.Preparing);
        var id = (await storage.Preparations.NextAsync<ModelRow>(default))!.Value;
        var taken = await Task.WhenAll(Enumerable.Range(0, 8)
            .Select(i => Task.Run(() => storage.Preparations.TakeAsync<ModelRow>(id, $"w{i}", default))));
        Assert.Single(taken, lease => lease is not null);
        Assert.Null(await storage.Preparations.NextAsync<ModelRow>(default));
    }

    [Fact]
    public async Task A_worker_that_falls_silent_is_replaced_and_writes_nothing_any_more()
    {
        await using var storage = await TestStorage.NewAsync(database);
        await storage.AddInputs(InputStatus.Preparing);
        var id = (await storage.Preparations.NextAsync<DatasetRow>(default))!.Value;
        var late = (await storage.Preparations.TakeAsync<DatasetRow>(id, "w1", default))!;
        storage.Clock.Pass(late.Length * 1.1);
        var current = (await storage.Preparations.TakeAsync<DatasetRow>(id, "w2", default))!;
        Assert.Equal((1, 2), (late.Row.Attempt, current.Row.Attempt));
        Assert.False(await late.RenewAsync(default));
        Assert.True(await current.RenewAsync(default));
        Assert.Equal(0, await storage.Read(db => late.In(db).CountAsync()));
    }

    [Fact]
    public async Task What_is_handed_back_can_be_taken_up_at_once()
    {
        await using var storage = await TestStorage.NewAsync(database);
        await storage.AddInputs(InputStatus.Preparing);
        var id = (await storage.Preparations.NextAsync<ModelRow>(default))!.Value;
        await (await storage.Preparations.TakeAsync<ModelRow>(id, "w1", default))!.HandBackAsync(default);
        Assert.NotNull(await storage.Preparations.TakeAsync<ModelRow>(id, "w2", default));
    }
}

public sealed class SqlitePreparationLeasesFacts() : PreparationLeasesFacts(Database.Sqlite);

public sealed class PostgresPreparationLeasesFacts() : PreparationLeasesFacts(Database.Postgres);
