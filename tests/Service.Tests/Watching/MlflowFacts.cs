using System.Text.Json;
using LoraDrop.Engine.Tests;

namespace LoraDrop.Service.Tests;

/// <summary>A job as MLflow shows it.</summary>
[Collection(Watched.Name)]
public sealed class MlflowFacts(WatchedCluster cluster)
{
    private MlflowStoredRun Of(JsonElement job) =>
        Assert.Single(cluster.Mlflow.Runs.Values, run => run.Tags["loradrop.job_id"] == job.GetProperty("id").GetString());

    [Fact]
    public void Every_job_is_a_run_of_the_experiment_with_the_status_that_it_ended_with()
    {
        Assert.Equal(["loradrop"], cluster.Mlflow.Experiments);
        Assert.Equal(3, cluster.Mlflow.Runs.Count);
        Assert.Equal(("FINISHED", "FAILED", "KILLED"),
            (Of(cluster.Succeeded).Status, Of(cluster.Diverged).Status, Of(cluster.Cancelled).Status));
        Assert.Equal("diverged", Of(cluster.Diverged).Tags["loradrop.error"]);
        Assert.Equal(cluster.Succeeded.GetProperty("finishedAt").GetDateTimeOffset().ToUnixTimeMilliseconds(), Of(cluster.Succeeded).End);
        Assert.Empty(cluster.Mlflow.Refusals);
        Assert.Equal(0, cluster.Mlflow.Strangers);
    }

    [Fact]
    public void A_run_has_the_resolved_settings_the_labels_and_the_score()
    {
        var run = Of(cluster.Succeeded);
        Assert.Equal(("watched", "2", "8", "lora-drop", "search"),
            (run.Name, run.Params["lora.rank"], run.Params["training.batchSize"], run.Params["method"], run.Tags["label.team"]));
        Assert.DoesNotContain(run.Params.Keys, key => key.StartsWith("labels", StringComparison.Ordinal));
        Assert.True(run.Tags.ContainsKey("loradrop.score"));
    }

    [Fact]
    public void Both_stages_have_curves_with_every_step_once()
    {
        var curves = Of(cluster.Succeeded).Metrics.GroupBy(m => m.Key)
            .ToDictionary(curve => curve.Key, curve => curve.Select(m => m.Step).ToList());
        Assert.Equal(Enumerable.Range(1, 40).Select(n => (long)n), curves["task-adaptation/train/loss"]);
        Assert.Equal(Enumerable.Range(1, 3).Select(n => (long)n), curves["importance-evaluation/train/loss"]);
        Assert.Equal([10, 20, 30, 40], curves["task-adaptation/validation/accuracy"]);
        Assert.Equal([10, 20, 30, 40], curves["task-adaptation/validation/loss"]);
        Assert.Contains("task-adaptation/train/learning_rate", curves.Keys);
    }

    [Fact]
    public void A_job_leaves_its_curves_as_files_for_TensorBoard_too() =>
        Assert.Equal(2, cluster.Files.Count(name => name.StartsWith("events/", StringComparison.Ordinal) && name.Contains("tfevents")));
}

/// <summary>Jobs whose MLflow is not as it should be.</summary>
public sealed class MlflowOutageFacts
{
    [Fact]
    public async Task A_job_does_not_wait_for_an_MLflow_that_is_gone_which_learns_all_when_it_is_back()
    {
        using var tiny = new TinyTask();
        await using var mlflow = await MlflowServer.StartAsync();
        mlflow.Gone = true;
        await using var service = await WorkingService.StartAsync(tracking: tracking =>
            tracking with { MlflowUri = mlflow.Address, MlflowExperiment = "moods of people", TensorBoard = false });
        await service.UploadAsync("moods", "train.tsv", File.ReadAllBytes(tiny.Files.Train));
        // 300 steps of 4 curves: more than a batch of MLflow takes
        var job = await service.RunAsync((TinyJob.Usual with { Epochs = 60, EvaluateEvery = 400 }).Json($"file:{tiny.Model}", "moods"));
        Assert.Equal("succeeded", WorkingService.Status(job));
        Assert.Empty(mlflow.Runs);

        mlflow.Gone = false;
        var run = await UntilAsync(() => mlflow.Runs.Values.FirstOrDefault(run => run.Status == "FINISHED"), service);
        Assert.Equal(Enumerable.Range(1, 300).Select(n => (long)n),
            run.Metrics.Where(m => m.Key == "task-adaptation/train/loss").Select(m => m.Step));
        Assert.Equal(["moods of people"], mlflow.Experiments);
        Assert.Empty(mlflow.Refusals);
        // The worker logs that MLflow responds again once it has sent everything.
        await UntilAsync(() => service.Log().Contains("MLflow responds again") ? service : null, service);
        var log = service.Log().Split('\n');
        Assert.Equal((1, 1), (log.Count(line => line.Contains("MLflow is unreachable")),
            log.Count(line => line.Contains("MLflow responds again"))));
        var files = await service.WaitForAsync($"/jobs/{job.GetProperty("id").GetString()}/artifacts", _ => true);
        Assert.DoesNotContain("tfevents", files.ToString()); // TensorBoard was not wished for
    }

    [Fact]
    public async Task A_job_that_is_tried_again_goes_on_in_the_run_that_it_had()
    {
        using var tiny = new TinyTask();
        await using var mlflow = await MlflowServer.StartAsync("Basic dTpw"); // u:p
        await using var service = await WorkingService.StartAsync(tracking: tracking =>
            tracking with { MlflowUri = mlflow.Address, MlflowUser = "u", MlflowPassword = "p" });
        await service.UploadAsync("moods", "train.tsv", File.ReadAllBytes(tiny.Files.Train));
        var submitted = await service.PostAsync("/jobs",
            (TinyJob.Usual with { Epochs = 200, EvaluateEvery = 50 }).Json($"file:{tiny.Model}", "moods"));
        var address = $"/jobs/{submitted.GetProperty("id").GetString()}";
        await service.WaitForAsync(address, j => j.GetProperty("stages")[1].GetProperty("step").GetInt32() > 100);
        var goesOn = new TaskCompletionSource();
        mlflow.Held = status => status == "KILLED" ? goesOn.Task : Task.CompletedTask; // the retry is running when MLflow answers
        await service.PostAsync($"{address}/cancel", "");
        await UntilAsync(() => mlflow.Runs.Values.FirstOrDefault(run => run.Status == "KILLED"), service);
        await service.PostAsync($"{address}/retry", "");
        await service.WaitForAsync(address, j => j.GetProperty("stages")[1].GetProperty("status").GetString() == "running");
        goesOn.SetResult();
        Assert.Equal("succeeded",
            WorkingService.Status(await service.WaitForAsync(address, j => WorkingService.Status(j) is "succeeded" or "failed")));
        var run = await UntilAsync(() => mlflow.Runs.Values.FirstOrDefault(run => run.Status == "FINISHED"), service);
        Assert.Single(mlflow.Runs);
        Assert.Equal("RUNNING", run.Statuses.ElementAt(1)); // KILLED, then at work again
        var steps = run.Metrics.Where(m => m.Key == "task-adaptation/train/loss").Select(m => m.Step).ToList();
        Assert.Equal(1000, steps[^1]);
        Assert.Equal(steps.Order(), steps);
        Assert.Equal(0, mlflow.Strangers);
    }

    private static async Task<T> UntilAsync<T>(Func<T?> look, WorkingService service) where T : class =>
        (await Eventually.UntilAsync(() => Task.FromResult(look()), found => found is not null, service.Log))!;
}
