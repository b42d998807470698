using LoraDrop.Domain;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Storage.Tests;

/// <summary>Files that are sent one by one, and the datasets that jobs make of them.</summary>
public abstract class FileLifeFacts(Database database)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Jobs_with_the_same_files_share_a_dataset_that_reads_them_where_they_rest()
    {
        await using var storage = await TestStorage.NewAsync(database);
        await storage.AddInputs();
        var (train, validation) = (await Add(storage, "train.jsonl"), await Add(storage, "dev.CSV", ".csv"));
        var request = TestStorage.Request() with { Dataset = new Source.Files(train.Id, validation.Id).ToString() };
        var (first, second) = ((await Submit(storage, request)).Value!, (await Submit(storage, request)).Value!);
        var other = (await Submit(storage, request with { Dataset = new Source.Files(train.Id).ToString() })).Value!;
        Assert.Equal(first.DatasetId, second.DatasetId);
        Assert.NotEqual(first.DatasetId, other.DatasetId);
        var dataset = await storage.Read(db => db.Datasets.SingleAsync(d => d.Id == first.DatasetId));
        Assert.Equal([new StoredFile("train.jsonl", train.Key, 1, train.Sha256),
            new StoredFile("validation.csv", validation.Key, 1, validation.Sha256)], dataset.Files);
        Assert.Equal((InputStatus.Preparing, train.Id, validation.Id), (dataset.Status, dataset.TrainFileId, dataset.ValidationFileId));
        Assert.Equal([$"preparation: PrepareDatasetAsync({first.DatasetId})", $"preparation: PrepareDatasetAsync({other.DatasetId})"],
            storage.Enqueued.Words);
    }

    [Fact]
    public async Task A_file_of_another_owner_is_not_there()
    {
        await using var storage = await TestStorage.NewAsync(database);
        await storage.AddInputs();
        var (ada, bob) = (new Caller("ada", Role.Submit, "ada", null), new Caller("bob", Role.Submit, "bob", null));
        var file = await Add(storage, "mine.jsonl", caller: ada);
        var request = TestStorage.Request() with { Dataset = new Source.Files(file.Id).ToString() };
        Assert.Null((await storage.AsARequest(life => life.SubmitAsync(request, Cancel), ada)).Refusal);
        var fault =
            Assert.Single(
                Assert.IsType<Refusal.Invalid>((await storage.AsARequest(life => life.SubmitAsync(request, Cancel), bob)).Refusal).Faults);
        Assert.Equal(("dataset", $"there is no file {file.Id}"), (fault.Path, fault.Message));
        Assert.IsType<Refusal.Missing>(await storage.OnFiles(life => life.DeleteAsync(file.Id, Cancel), bob));
        Assert.Null(await storage.OnFiles(life => life.FindAsync(file.Id, Cancel), bob));
    }

    [Fact]
    public async Task The_content_goes_with_the_last_job_that_learned_from_it()
    {
        await using var storage = await TestStorage.NewAsync(database);
        await storage.AddInputs();
        var (train, validation) = (await Add(storage, "train.jsonl"), await Add(storage, "dev.jsonl"));
        var both =
            (await Submit(storage, TestStorage.Request() with { Dataset = new Source.Files(train.Id, validation.Id).ToString() })).Value!;
        var one = (await Submit(storage, TestStorage.Request() with { Dataset = new Source.Files(train.Id).ToString() })).Value!;
        Assert.Equal("file_in_use", (await storage.OnFiles(life => life.DeleteAsync(train.Id, Cancel)))!.Code);
        foreach (var job in new[] { both, one }) await storage.AsARequest(life => life.CancelAsync(job.Id, Cancel));
        Assert.Null(await storage.OnFiles(life => life.DeleteAsync(train.Id, Cancel)));
        Assert.Equal("dataset_deleted", (await storage.AsARequest(life => life.RetryAsync(both.Id, Cancel))).Refusal!.Code);
        await storage.AsARequest(life => life.PurgeAsync(one.Id, Cancel));
        Assert.Equal(new[] { train.Key, validation.Key }.Order(), await Keys(storage)); // the other one names it still
        await storage.AsARequest(life => life.PurgeAsync(both.Id, Cancel));
        Assert.Equal([validation.Key], await Keys(storage));
        Assert.Equal([validation.Id], await storage.Read(db => db.Files.Select(f => f.Id).ToListAsync(Cancel)));
        Assert.Equal(1, await storage.Read(db => db.Datasets.CountAsync(Cancel)));
    }

    [Fact]
    public async Task A_file_that_no_job_named_goes_at_once()
    {
        await using var storage = await TestStorage.NewAsync(database);
        var file = await Add(storage, "train.jsonl");
        Assert.Null(await storage.OnFiles(life => life.DeleteAsync(file.Id, Cancel)));
        Assert.Empty(await Keys(storage));
        Assert.Equal(0, await storage.Read(db => db.Files.CountAsync()));
    }

    [Fact]
    public async Task The_sweep_leaves_what_a_row_names_and_removes_what_broken_uploads_left()
    {
        await using var storage = await TestStorage.NewAsync(database);
        var file = await Add(storage, "train.jsonl");
        foreach (var left in new[] { FileLife.NewKey(file.Id), FileLife.NewKey(Guid.NewGuid()) })
            await storage.Objects.PutAsync(left, new MemoryStream([1]), Cancel);
        Assert.Equal(0, await storage.Sweep.AllAsync(Cancel));
        storage.Clock.Pass(ObjectSweep.UploadsTake + TimeSpan.FromMinutes(1));
        Assert.Equal(2, await storage.Sweep.AllAsync(Cancel));
        Assert.Equal([file.Key], await Keys(storage));
    }

    private static Task<Answer<JobRow>> Submit(TestStorage storage, JobRequest request) =>
        storage.AsARequest(life => life.SubmitAsync(request, Cancel));

    private static async Task<FileRow> Add(TestStorage storage, string name, string format = ".jsonl", Caller? caller = null)
    {
        var id = Guid.CreateVersion7();
        var stored = await storage.Objects.PutAsync(FileLife.NewKey(id), new MemoryStream([1]), Cancel);
        return await storage.OnFiles(life => life.AddAsync(id, name, format, stored, Cancel), caller);
    }

    private static async Task<IEnumerable<string>> Keys(TestStorage storage) =>
        (await storage.Objects.ListAsync("files/", Cancel).Select(o => o.Key).ToListAsync(Cancel)).Order();
}

public sealed class FileLifeOnSqliteFacts() : FileLifeFacts(Database.Sqlite);

public sealed class FileLifeOnPostgresFacts() : FileLifeFacts(Database.Postgres);
