using LoraDrop.Domain;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Storage.Tests;

public abstract class JobQuotaFacts(Database database)
{
    private static readonly Caller Ada = new("ada", Role.Submit, "ld_ada", Key: null, ActiveJobs: 3);

    [Fact]
    public async Task Of_many_that_come_together_only_as_many_are_saved_as_may()
    {
        await using var storage = await TestStorage.NewAsync(database);
        await storage.AddInputs();
        var answers = await Task.WhenAll(Enumerable.Range(0, 12)
            .Select(_ => Task.Run(() => storage.AsARequest(life => life.SubmitAsync(TestStorage.Request(), default), Ada))));
        Assert.Equal(3, answers.Count(answer => answer.Refusal is null));
        Assert.All(answers.Where(answer => answer.Refusal is not null), answer => Assert.IsType<Refusal.TooMany>(answer.Refusal));
        Assert.Equal(3, await storage.Read(db => db.Jobs.CountAsync(j => j.Owner == "ada")));
    }

    [Fact]
    public async Task Ended_and_other_owners_jobs_do_not_count()
    {
        await using var storage = await TestStorage.NewAsync(database);
        await storage.AddInputs();
        await storage.Submit();
        for (var i = 0; i < 5; i++)
        {
            var job = (await storage.AsARequest(life => life.SubmitAsync(TestStorage.Request(), default), Ada)).Value!;
            Assert.Null((await storage.AsARequest(life => life.CancelAsync(job.Id, default), Ada)).Refusal);
        }
    }
}

public sealed class JobQuotaOnSqliteFacts() : JobQuotaFacts(Database.Sqlite);

public sealed class JobQuotaOnPostgresFacts() : JobQuotaFacts(Database.Postgres);
