using LoraDrop.Engine.Tests;

namespace LoraDrop.Service.Tests;

/// <summary>Experiments, from the request to their results.</summary>
public sealed class ExperimentJobFacts
{
    [Fact]
    public async Task A_grid_is_trained_measures_importance_once_per_seed_and_ends_with_statistics_that_its_jobs_confirm()
    {
        using var tiny = new TinyTask();
        await using var service = await WorkingService.StartAsync();
        await service.UploadAsync("moods", "train.tsv", File.ReadAllBytes(tiny.Files.Train));
        var submitted = await service.PostAsync("/experiments", $$$"""
            {"name": "tiny", "base": {"model": "file:{{{tiny.Model}}}", "dataset": "moods", "lora": {"rank": 2},
              "task": {"kind": "classification", "columns": {"first": "text", "label": "mood"}},
              "importance": {"sampleRatio": 0.5}, "training": {"epochs": 2, "batchSize": 8, "learningRate": 0.01}},
             "grid": {"method": ["lora", "lora-drop"], "sharing.keep": [1, 2], "training.seed": [1, 2, 3]},
             "baseline": {"method": "lora"}, "parallel": 2}
            """);
        Assert.Equal(9, submitted.GetProperty("jobs").GetProperty("total").GetInt32()); // LoRA has no sharing: once per seed
        Assert.Contains("sharing.keep is left out of jobs with the method lora, to which it does not apply.",
            submitted.GetProperty("remarks").ToString());
        var href = submitted.GetProperty("links").GetProperty("self").GetString()!;
        var ended = await service.WaitForAsync(href, e => WorkingService.Status(e) is "succeeded" or "failed" or "cancelled");
        Assert.True(WorkingService.Status(ended) == "succeeded", ended.ToString());
        Assert.Equal(1, ended.GetProperty("progress").GetDouble());
        Assert.Equal(3, ended.GetProperty("cost").GetProperty("importanceReused").GetInt32()); // six of LoRA-drop, three seeds

        var results = await service.WaitForAsync($"{href}/results", _ => true);
        Assert.True(results.GetProperty("complete").GetBoolean());
        var rows = results.GetProperty("rows").EnumerateArray().ToArray();
        Assert.Equal(["lora", "lora-drop 1", "lora-drop 2"], rows.Select(row => string.Join(' ', row.GetProperty("values").EnumerateObject()
            .Select(value => value.Value.GetString()))));
        var scores = new List<double[]>();
        foreach (var row in rows)
        {
            var own = new SortedDictionary<long, double>();
            foreach (var id in row.GetProperty("jobs").EnumerateArray())
            {
                var job = await service.WaitForAsync($"/jobs/{id.GetString()}", _ => true);
                Assert.Equal(submitted.GetProperty("id").GetString(), job.GetProperty("labels").GetProperty("experiment").GetString());
                own[job.GetProperty("settings").GetProperty("training").GetProperty("seed").GetInt64()] =
                    job.GetProperty("result").GetProperty("scores").GetProperty("accuracy").GetDouble();
            }
            Assert.Equal([1L, 2L, 3L], own.Keys);
            Assert.Equal(own.Values, row.GetProperty("scores").EnumerateArray().Select(score => score.GetDouble()));
            Assert.Equal(own.Values.Average(), row.GetProperty("best").GetProperty("mean").GetDouble(), 1e-12);
            scores.Add([.. own.Values]);
        }
        Assert.False(rows[0].TryGetProperty("against", out _));
        foreach (var (row, own) in rows.Zip(scores).Skip(1))
            Assert.Equal(own.Zip(scores[0], (a, b) => a - b).Average(),
                row.GetProperty("against").GetProperty("difference").GetDouble(), 1e-12);

        var markdown = await service.Http.GetStringAsync($"{href}/results?format=markdown");
        Assert.Contains("| lora-drop, 1 |", markdown);
        Assert.StartsWith("method,sharing.keep,metric,n,best_mean", await service.Http.GetStringAsync($"{href}/results?format=csv"));
        Assert.Contains("\\begin{tabular}{lrrr}", await service.Http.GetStringAsync($"{href}/results?format=latex"));

        var figures = (await service.WaitForAsync($"{href}/figures", _ => true)).GetProperty("items").EnumerateArray()
            .ToDictionary(figure => figure.GetProperty("name").GetString()!);
        Assert.Equal(["scores", "parameters", "layers-lora-drop-1", "norms-lora-drop-1-query", "norms-lora-drop-1-value"],
            figures.Keys.Where(name => !name.StartsWith("importance-", StringComparison.Ordinal)));
        foreach (var figure in figures.Values)
        {
            Assert.Contains("<svg", await service.Http.GetStringAsync(figure.GetProperty("svg").GetString()));
            var png = await service.Http.GetByteArrayAsync(figure.GetProperty("png").GetString());
            Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G'], png[..4]);
            Assert.NotEmpty(await service.Http.GetStringAsync(figure.GetProperty("csv").GetString()));
        }
        var scored = await service.Http.GetStringAsync($"{href}/figures/scores.csv");
        Assert.Contains((100 * scores[0].Average()).ToString("R", System.Globalization.CultureInfo.InvariantCulture), scored);
        using var none = await service.Http.GetAsync($"{href}/figures/nothing.svg");
        await none.ProblemAsync(System.Net.HttpStatusCode.NotFound, "figure_not_found");

        var extended = await service.PostAsync($"{href}/extend", """{"seeds": [4]}""");
        Assert.Equal(12, extended.GetProperty("jobs").GetProperty("total").GetInt32());
        await service.WaitForAsync(href, e => WorkingService.Status(e) == "succeeded");
        var more = await service.WaitForAsync($"{href}/results", _ => true);
        Assert.Equal([1L, 2L, 3L, 4L], more.GetProperty("rows")[2].GetProperty("seeds").EnumerateArray().Select(seed => seed.GetInt64()));
    }
}
