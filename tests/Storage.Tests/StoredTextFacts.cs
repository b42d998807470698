using LoraDrop.Domain;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Storage.Tests;

/// <summary>Text that one of the databases cannot store never becomes an exception: what a person or a run wrote must not keep a job from
/// its end.</summary>
public abstract class StoredTextFacts(Database database)
{
    public static readonly TheoryData<string> Strange = ["a\0b", "\0", "a\ud83db", "\udc00", "a\ud83d"];

    [Theory, MemberData(nameof(Strange))]
    public async Task A_job_ends_whatever_its_failure_says(string strange)
    {
        await using var storage = await TestStorage.NewAsync(database);
        await storage.AddInputs();
        var id = await storage.Submit();
        var lease = (await storage.Take(id))!;
        Assert.True(await lease.AddEventAsync(EventLevel.Info, EventType.Log, strange, null, default));
        Assert.True(await lease.FailAsync(new(FailureCode.Refused, strange, [new Fault(strange, strange)]), default));
        Assert.Equal(JobStatus.Failed, (await storage.Job(id)).Status);
    }

    [Theory, MemberData(nameof(Strange))]
    public async Task A_request_is_taken_or_refused(string strange)
    {
        await using var storage = await TestStorage.NewAsync(database);
        await storage.AddInputs();
        var request = TestStorage.Request() with { Name = strange,
            Labels = new Dictionary<string, string> { ["team"] = strange, [strange] = "x" } };
        var id = (await storage.AsARequest(life => life.SubmitAsync(request, default))).Value!.Id;
        Assert.Equal(2, await storage.Read(db => db.Jobs.Where(j => j.Id == id).SelectMany(j => j.Labels).CountAsync()));
        Assert.IsType<Refusal.Invalid>((await storage.AsARequest(life =>
            life.SubmitAsync(request with { Model = strange, Dataset = "hf:" + strange }, default))).Refusal);
    }

    [Theory, MemberData(nameof(Strange))]
    public async Task Nothing_is_found_under_it(string strange)
    {
        await using var storage = await TestStorage.NewAsync(database);
        await storage.AddInputs();
        string[] names = [strange, "tiny"];
        Assert.Null(await storage.Read(db => db.Models.Named(strange, Caller.Machine).FirstOrDefaultAsync()));
        Assert.Equal(0, await storage.Read(db => db.Metrics.CountAsync(m => names.Contains(m.Name))));
        Assert.Equal(0, await storage.Read(db => db.Jobs.CountAsync(j => j.Labels.Any(l => l.Name == strange && l.Value == strange))));
        Assert.Equal(0, await storage.Read(db => db.Jobs.CountAsync(j => (j.Model.Name ?? j.Model.FormerName) == strange)));
        Assert.Equal(1, await storage.Read(db => db.Models.CountAsync(m => names.Contains(m.Name))));
    }

    [Fact]
    public async Task Text_comes_back_as_it_was_and_is_ordered_by_its_characters()
    {
        await using var storage = await TestStorage.NewAsync(database);
        string[] names = ["B", "a", "é", "Z-1", "zz", "😀", "_"];
        await storage.Read(async db =>
        {
            db.Models.AddRange(names.Select(name => new ModelRow { Id = Guid.CreateVersion7(), Name = name, Source = "file:/tiny" }));
            return await db.SaveChangesAsync();
        });
        Assert.Equal(["B", "Z-1", "_", "a", "zz", "é", "😀"],
            await storage.Read(db => db.Models.OrderBy(m => m.Name).Select(m => m.Name!).ToListAsync()));
    }
}

public sealed class StoredTextOnSqliteFacts() : StoredTextFacts(Database.Sqlite);

public sealed class StoredTextOnPostgresFacts() : StoredTextFacts(Database.Postgres);
