using System.Text.RegularExpressions;
using LoraDrop.Service.Tests;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Storage.Tests;

/// <summary>What the chart lets KEDA count, to say how many workers there should be (deploy/helm/loradrop).</summary>
public sealed partial class ScalingQueryFacts
{
    [Fact]
    public async Task A_job_counts_from_its_submission_until_nothing_is_left_to_do()
    {
        await using var storage = await TestStorage.NewAsync(Database.Postgres);
        Assert.Equal(0, await Work(storage));
        await storage.AddInputs(InputStatus.Preparing);
        var job = await storage.Submit();
        Assert.Equal(2, await Work(storage));   // its stages wait for the model and the dataset, which a worker fetches
        await storage.MakeReady();
        await storage.AsARequest(async life => { await life.StartWaitingAsync(default); return 0; });
        Assert.Equal(1, await Work(storage));
        Assert.NotNull(await storage.Take(job));
        Assert.Equal(1, await Work(storage));   // its worker is not taken away for having begun
        await storage.AsARequest(life => life.PauseAsync(job, default));
        // as its worker does, when it has stored the checkpoint
        await storage.Read(db => db.Stages.ExecuteUpdateAsync(set => set.SetProperty(stage => stage.Status, Domain.JobStatus.Paused)));
        Assert.Equal(0, await Work(storage));
    }

    [Fact]
    public async Task What_was_deleted_before_it_was_fetched_keeps_no_worker()
    {
        await using var storage = await TestStorage.NewAsync(Database.Postgres);
        await storage.AddInputs(InputStatus.Preparing);
        Assert.Null(await storage.OnInputs(inputs => inputs.DeleteModelAsync("tiny", default)));
        Assert.Equal(1, await Work(storage));
    }

    private static async Task<double> Work(TestStorage storage)
    {
        var chart =
            Query().Match(await File.ReadAllTextAsync(Repository.At("deploy", "helm", "loradrop", "templates",
                "worker-scaling.yaml"))).Groups["sql"].Value.ReplaceLineEndings(" ").Trim();
        var query = "SELECT (" + chart + ")::float8 AS \"Value\"";   // a number, as KEDA reads it
        return await storage.Read(db => db.Database.SqlQueryRaw<double>(query).SingleAsync());
    }

    [GeneratedRegex(@"query: >-\s*(?<sql>SELECT .*?)\{\{- end", RegexOptions.Singleline)]
    private static partial Regex Query();
}
