using LoraDrop.Domain;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Storage.Tests;

/// <summary>The sweep removes what no row points to, and never what one does, or may come to.</summary>
public sealed class ObjectSweepFacts
{
    [Fact]
    public async Task Of_a_job_what_attempts_left_that_are_over_goes_and_what_rows_name_or_a_running_attempt_stores_stays()
    {
        await using var storage = await TestStorage.NewAsync(Database.Sqlite);
        await storage.AddInputs();
        var id = await storage.Submit();
        var first = (await storage.Take(id))!;
        await Put(storage, $"jobs/{id:D}/attempts/importance-evaluation-1/checkpoint-0/run.json");
        await first.HandBackAsync("stopped", default);
        var second = (await storage.Take(id))!;
        var published = await Put(storage, $"jobs/{id:D}/attempts/importance-evaluation-2/importance.json");
        await second.SucceedAsync(new([published]), default);
        var third = (await storage.Take(id, Stage.TaskAdaptation))!;
        var checkpoint = await Put(storage, $"jobs/{id:D}/attempts/task-adaptation-1/checkpoint-0/checkpoint.safetensors");
        await third.CheckpointAsync(new() { JobId = id, Stage = third.Stage, Step = 1, Attempt = 1, Bytes = 1, Sha256 = "x",
            Files = [checkpoint] }, default);
        var underway = await Put(storage, $"jobs/{id:D}/attempts/task-adaptation-1/checkpoint-1/checkpoint.safetensors");

        Assert.Equal(1, await storage.Sweep.AllAsync(default));
        Assert.Equal(new[] { published.Key, checkpoint.Key, underway.Key }.Order(), await Keys(storage));
        await third.HandBackAsync("stopped", default);
        await storage.Sweep.JobAsync(id, default);
        Assert.Equal(new[] { published.Key, checkpoint.Key }.Order(), await Keys(storage));
    }

    [Fact]
    public async Task Of_a_job_that_is_gone_everything_goes()
    {
        await using var storage = await TestStorage.NewAsync(Database.Sqlite);
        await Put(storage, $"jobs/{Guid.NewGuid():D}/attempts/task-adaptation-1/result.json");
        Assert.Equal(1, await storage.Sweep.AllAsync(default));
        Assert.Empty(await Keys(storage));
    }

    [Fact]
    public async Task What_is_uploaded_gets_its_row_afterwards_and_is_left_alone_for_a_day()
    {
        await using var storage = await TestStorage.NewAsync(Database.Sqlite);
        await storage.AddInputs();
        var dataset = await storage.Read(db => db.Datasets.Select(d => d.Id).SingleAsync());
        var kept = await Put(storage, $"datasets/{dataset:D}/train.tsv");
        await storage.Read(db => db.Datasets.ExecuteUpdateAsync(set => set.SetProperty(d => d.Files, new List<StoredFile> { kept })));
        await Put(storage, $"datasets/{Guid.NewGuid():D}/train.tsv");
        await Put(storage, $"models/{Guid.NewGuid():D}/1/config.json");
        Assert.Equal(0, await storage.Sweep.AllAsync(default));
        storage.Clock.Pass(ObjectSweep.UploadsTake + TimeSpan.FromMinutes(1));
        Assert.Equal(2, await storage.Sweep.AllAsync(default));
        Assert.Equal([kept.Key], await Keys(storage));
    }

    private static async Task<StoredFile> Put(TestStorage storage, string key)
    {
        var stored = await storage.Objects.PutAsync(key, new MemoryStream([1]), default);
        return new(Path.GetFileName(key), key, stored.Bytes, stored.Sha256);
    }

    private static async Task<IEnumerable<string>> Keys(TestStorage storage) =>
        (await storage.Objects.ListAsync("", default).Select(o => o.Key).ToListAsync()).Order();
}
