using LoraDrop.Domain;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Storage.Tests;

/// <summary>Which stage a worker gets.</summary>
public abstract class StageLeasesFacts(Database database)
{
    private static readonly WorkerAbility Plain = WorkerAbility.Any("w1");

    private static WorkerAbility With(string labels, long memory = long.MaxValue) =>
        new("w1", WorkerDemand.SelectorsOf(labels.Split(' ').Select(label => label.Split('='))
            .ToDictionary(label => label[0], label => label[1])), memory);

    [Fact]
    public async Task The_first_is_of_the_highest_priority_then_half_done_then_the_oldest()
    {
        await using var storage = await TestStorage.NewAsync(database);
        await storage.AddInputs();
        var low = await storage.Submit(""", "priority": "low" """);
        var older = await storage.Submit();
        var younger = await storage.Submit();
        var adaptation = await storage.Submit(""", "method": "lora" """);
        var high = await storage.Submit(""", "priority": "high" """);
        var order = new List<Guid>();
        while (await storage.Leases.TakeNextAsync(Plain, default) is { } lease) order.Add(lease.Job);
        Assert.Equal([high, adaptation, older, younger, low], order);
    }

    [Fact]
    public async Task Of_many_workers_that_take_what_comes_each_stage_goes_to_one()
    {
        await using var storage = await TestStorage.NewAsync(database);
        await storage.AddInputs();
        var jobs = new List<Guid>();
        for (var i = 0; i < 12; i++) jobs.Add(await storage.Submit());
        var taken = await Task.WhenAll(Enumerable.Range(0, 6).Select(worker => Task.Run(async () =>
        {
            var mine = new List<Guid>();
            while (await storage.Leases.TakeNextAsync(WorkerAbility.Any($"w{worker}"), default) is { } lease) mine.Add(lease.Job);
            return mine;
        })));
        Assert.Equal(jobs.Order(), taken.SelectMany(mine => mine).Order());
    }

    [Fact]
    public async Task A_job_that_asks_for_labels_goes_to_a_worker_that_has_them()
    {
        await using var storage = await TestStorage.NewAsync(database);
        await storage.AddInputs();
        var id = await storage.Submit(""", "worker": {"labels": {"gpu": "H100", "zone": "b"}} """);
        Assert.Null(await storage.Leases.TakeNextAsync(Plain, default));
        Assert.Null(await storage.Leases.TakeNextAsync(With("gpu=H100"), default));
        Assert.Null(await storage.Leases.TakeNextAsync(With("gpu=H100 zone=a"), default));
        Assert.False(await storage.Leases.AnyAsync(With("gpu=H100 zone=a"), default));
        Assert.Equal(id, (await storage.Leases.TakeNextAsync(With("zone=b rack=7 gpu=H100"), default))!.Job);
    }

    [Fact]
    public async Task A_job_that_needs_more_memory_than_a_worker_has_waits_for_a_larger_one()
    {
        await using var storage = await TestStorage.NewAsync(database);
        await storage.AddInputs();
        var id = await storage.Submit(""", "worker": {"memoryGiB": 40} """);
        Assert.Null(await storage.Leases.TakeNextAsync(Plain with { Memory = 39L << 30 }, default));
        Assert.Equal(id, (await storage.Leases.TakeNextAsync(Plain with { Memory = 40L << 30 }, default))!.Job);
    }

    [Fact]
    public async Task What_a_newer_version_wrote_is_left_to_it()
    {
        await using var storage = await TestStorage.NewAsync(database);
        await storage.AddInputs();
        await storage.Submit();
        await storage.Read(db => db.Stages.ExecuteUpdateAsync(set => set.SetProperty(s => s.Format, StageFormat.Settings + 1)));
        Assert.Null(await storage.Leases.TakeNextAsync(Plain, default));
    }
}

public sealed class SqliteStageLeasesFacts() : StageLeasesFacts(Database.Sqlite);

public sealed class PostgresStageLeasesFacts() : StageLeasesFacts(Database.Postgres);
