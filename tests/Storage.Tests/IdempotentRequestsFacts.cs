namespace LoraDrop.Storage.Tests;

public abstract class IdempotentRequestsFacts(Database database)
{
    private const string Operation = "POST /jobs";

    [Fact]
    public async Task Of_many_that_come_together_one_works()
    {
        await using var storage = await TestStorage.NewAsync(database);
        var requests = new IdempotentRequests(storage.Contexts, storage.Clock);
        var taken =
            await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => Task.Run(() => requests.TakeAsync("ada", "key", Operation, default))));
        Assert.Single(taken, each => each.Mine);
        Assert.Single(taken.Select(each => each.Row.Resource).Distinct());
    }

    [Fact]
    public async Task Who_is_silent_too_long_is_taken_over_by_one_under_the_same_id()
    {
        await using var storage = await TestStorage.NewAsync(database);
        var requests = new IdempotentRequests(storage.Contexts, storage.Clock);
        var (row, _) = await requests.TakeAsync("ada", "key", Operation, default);
        storage.Clock.Pass(IdempotentRequests.Held / 2);
        await requests.HoldAsync(row, default);
        storage.Clock.Pass(IdempotentRequests.Held / 2);
        Assert.False((await requests.TakeAsync("ada", "key", Operation, default)).Mine);
        storage.Clock.Pass(IdempotentRequests.Held);
        var taken =
            await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(() => requests.TakeAsync("ada", "key", Operation, default))));
        Assert.Equal(row.Resource, Assert.Single(taken, each => each.Mine).Row.Resource);
    }

    [Fact]
    public async Task An_answer_is_kept_for_a_day()
    {
        await using var storage = await TestStorage.NewAsync(database);
        var requests = new IdempotentRequests(storage.Contexts, storage.Clock);
        var (row, _) = await requests.TakeAsync("ada", "key", Operation, default);
        (row.Status, row.Body, row.Headers) = (202, [1, 2, 0, 255], new() { ["Location"] = "/jobs/1" });
        await requests.AnswerAsync(row, default);
        storage.Clock.Pass(TimeSpan.FromHours(23));
        Assert.Equal(0, await requests.PurgeAsync(default));
        var (kept, mine) = await requests.TakeAsync("ada", "key", Operation, default);
        Assert.False(mine);
        Assert.Equal((202, "/jobs/1"), (kept.Status, kept.Headers!["Location"]));
        Assert.Equal([1, 2, 0, 255], kept.Body!);
        await requests.LetGoAsync(kept, default); // what has an answer is not let go
        storage.Clock.Pass(TimeSpan.FromHours(2));
        var (next, free) = await requests.TakeAsync("ada", "key", Operation, default);
        Assert.True(free);
        Assert.NotEqual(row.Resource, next.Resource);
    }
}

public sealed class IdempotentRequestsOnSqliteFacts() : IdempotentRequestsFacts(Database.Sqlite);

public sealed class IdempotentRequestsOnPostgresFacts() : IdempotentRequestsFacts(Database.Postgres);
