using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using LoraDrop.Engine.Tests;
using static TorchSharp.torch;

namespace LoraDrop.Service.Tests;

/// <summary>Evaluations of finished jobs on other datasets, from the request to the predictions.</summary>
public sealed class EvaluationJobFacts
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_evaluation_scores_as_the_command_line_does_on_the_same_files_and_leaves_its_predictions(bool generates)
    {
        using var tiny = new TinyTask(generates);
        using var folder = new TestFolder();
        await using var service = await WorkingService.StartAsync();
        var job = await TrainedAsync(service, tiny, generates);
        await UploadBothAsync(service, "others", tiny);
        var queued = await service.PostAsync($"/jobs/{job}/evaluations", """{"dataset": "others", "base": true}""");
        Assert.Equal(("queued", "validation", "others"), (WorkingService.Status(queued), queued.GetProperty("split").GetString(),
            queued.GetProperty("dataset").GetProperty("name").GetString()));
        var ended = await EndedAsync(service, queued);
        Assert.True(WorkingService.Status(ended) == "succeeded", $"{ended}");

        Directory.CreateDirectory(folder.At("adapter"));
        foreach (var name in await AdapterFilesAsync(service, job))
            folder.File(name, await service.Http.GetByteArrayAsync($"/jobs/{job}/artifacts/{name}"));
        using var trained = TrainedAdapter.Open(folder.At("adapter"), tiny.Model, CPU);
        var file = ScoredFile.Read(tiny.Files.Validation!, trained);
        var result = ended.GetProperty("result");
        Assert.Equal(file.Rows, result.GetProperty("rows").GetInt32());
        AssertScores(file.Score(32, CancellationToken.None), result.GetProperty("adapter"));
        AssertScores(trained.Model.WithoutAdapter(() => file.Score(32, CancellationToken.None)), result.GetProperty("base"));

        var files = ended.GetProperty("files").EnumerateArray().ToDictionary(f => f.GetProperty("name").GetString()!);
        Assert.Equal(["predictions.jsonl", "base-predictions.jsonl"], files.Keys);
        var left = await service.Http.GetByteArrayAsync(files["predictions.jsonl"].GetProperty("href").GetString());
        Assert.Equal(file.Score(32, CancellationToken.None).Predictions, Encoding.UTF8.GetString(left));
        Assert.Equal((files["predictions.jsonl"].GetProperty("bytes").GetInt32(), files["predictions.jsonl"].GetProperty("sha256")
            .GetString()), (left.Length, Convert.ToHexStringLower(SHA256.HashData(left))));

        var listed = await service.Http.GetFromJsonAsync<JsonElement>($"/jobs/{job}/evaluations");
        Assert.Equal(ended.GetRawText(), Assert.Single(listed.GetProperty("items").EnumerateArray()).GetRawText());
        using (var deleted = await service.Http.DeleteAsync(ended.GetProperty("href").GetString()))
            Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        using var gone = await service.Http.GetAsync(ended.GetProperty("href").GetString());
        await gone.ProblemAsync(HttpStatusCode.NotFound, "evaluation_not_found");
        Assert.Empty(ObjectsOf(service, job));
    }

    [Fact]
    public async Task What_summaries_do_not_show_fails_with_row_and_column_and_what_they_show_is_refused()
    {
        using var tiny = new TinyTask();
        await using var service = await WorkingService.StartAsync();
        var job = await TrainedAsync(service, tiny, generates: false);
        await service.UploadAsync("titles", "train.tsv", "title\tmood\na film\tgood\n"u8.ToArray());
        await service.UploadAsync("strange", "train.tsv", "text\tmood\na film\tgood\na soup\tgrey\n"u8.ToArray());
        async Task<string> RefusedAsync(string body)
        {
            using var answer = await service.Http.PostAsync($"/jobs/{job}/evaluations", new StringContent(body, null, "application/json"));
            return (await answer.ProblemAsync(HttpStatusCode.UnprocessableEntity, "invalid")).GetProperty("faults").ToString();
        }
        Assert.Contains("the dataset has no validation; it has train", await RefusedAsync("""{"dataset": "titles"}"""));
        Assert.Contains("has no column \\\"text\\\"; it has (title, mood)",
            await RefusedAsync("""{"dataset": "titles", "split": "train"}"""));
        Assert.Contains("grey", await RefusedAsync("""{"dataset": "strange", "split": "train"}"""));
        Assert.Contains("there is no dataset nowhere", await RefusedAsync("""{"dataset": "nowhere"}"""));
        Assert.Contains("did you mean split?", await RefusedAsync("""{"dataset": "titles", "splt": "train"}"""));

        // so many classes that the summary does not list them
        var rows = string.Concat(Enumerable.Range(0, 2000).Select(i => $"a film\tmood {i}\n"));
        await service.UploadAsync("many", "train.tsv", Encoding.UTF8.GetBytes($"text\tmood\n{rows}"));
        var ended = await EndedAsync(service, await service.PostAsync($"/jobs/{job}/evaluations",
            """{"dataset": "many", "split": "train"}"""));
        Assert.Equal(("failed", "refused", 1), (WorkingService.Status(ended), ended.GetProperty("error").GetProperty("code").GetString(),
            ended.GetProperty("attempt").GetInt32()));
        Assert.Contains("row 1 (line 2) column mood", ended.GetProperty("error").GetProperty("faults")[0].ToString());
    }

    [Fact]
    public async Task A_killed_process_begins_again_and_a_service_that_ends_goes_on_at_its_next_start()
    {
        using var tiny = new TinyTask();
        using var root = new TestFolder();
        string job, href;
        await using (var service = await WorkingService.StartAsync(root: root.At("data")))
        {
            job = await TrainedAsync(service, tiny, generates: false);
            await UploadBothAsync(service, "others", tiny);
            var queued = await service.PostAsync($"/jobs/{job}/evaluations", """{"dataset": "others"}""");
            href = queued.GetProperty("href").GetString()!;
            var child = await Eventually.UntilAsync(() => Task.FromResult(ChildOf(queued)), found => found is not null);
            child!.Kill();
            var ended = await EndedAsync(service, queued);
            Assert.Equal(("succeeded", 2), (WorkingService.Status(ended), ended.GetProperty("attempt").GetInt32()));

            queued = await service.PostAsync($"/jobs/{job}/evaluations", """{"dataset": "others"}""");
            href = queued.GetProperty("href").GetString()!;
            await Eventually.UntilAsync(() => Task.FromResult(ChildOf(queued)), found => found is not null);
        }
        await using var next = await WorkingService.StartAsync(root: root.At("data"));
        var over = await next.WaitForAsync(href, e => WorkingService.Status(e) is "succeeded" or "failed");
        Assert.Equal("succeeded", WorkingService.Status(over));
        using (var purged = await next.Http.DeleteAsync($"/jobs/{job}?purge=true")) Assert.True(purged.IsSuccessStatusCode);
        Assert.Empty(ObjectsOf(next, job));
    }

    private static void AssertScores(FileScores wanted, JsonElement scores)
    {
        Assert.Equal(wanted.Scores.Primary, scores.GetProperty("primary").GetString());
        Assert.Equal(wanted.Scores.Values.Where(score => double.IsFinite(score.Value)).ToDictionary(),
            scores.GetProperty("scores").Deserialize<Dictionary<string, double>>());
        Assert.Equal((wanted.Loss, wanted.Prompts), (scores.GetProperty("loss").GetDouble(),
            scores.TryGetProperty("prompts", out var prompts) ? prompts.GetInt32() : null));
    }

    private static async Task<string> TrainedAsync(WorkingService service, TinyTask tiny, bool generates)
    {
        await service.UploadAsync("moods", "train.tsv", File.ReadAllBytes(tiny.Files.Train));
        var task = generates
            ? """
              {"kind": "generation", "metric": "rouge", "text": {"prompt": "{text}", "target": " {mood} indeed"},
               "decoding": {"maxNewTokens": 8}}
              """
            : """{"kind": "classification", "columns": {"first": "text", "label": "mood"}}""";
        var job = await service.RunAsync($$$"""
            {"model": "file:{{{tiny.Model}}}", "dataset": "moods", "method": "lora", "task": {{{task}}}, "lora": {"rank": 2},
             "training": {"epochs": 1, "batchSize": 8, "learningRate": 0.05, "seed": 1}}
            """);
        Assert.True(WorkingService.Status(job) == "succeeded", $"{job}");
        return job.GetProperty("id").GetString()!;
    }

    private static async Task UploadBothAsync(WorkingService service, string name, TinyTask tiny)
    {
        using var form = new MultipartFormDataContent { { new StringContent(name), "name" },
            { new ByteArrayContent(File.ReadAllBytes(tiny.Files.Train)), "train", "train.tsv" },
            { new ByteArrayContent(File.ReadAllBytes(tiny.Files.Validation!)), "validation", "dev.tsv" } };
        using var answer = await service.Http.PostAsync("/datasets", form);
        Assert.True(answer.IsSuccessStatusCode);
        await service.WaitForAsync($"/datasets/{name}", dataset => WorkingService.Status(dataset) == "ready");
    }

    private static Task<JsonElement> EndedAsync(WorkingService service, JsonElement evaluation) => service.WaitForAsync(
        evaluation.GetProperty("href").GetString()!, e => WorkingService.Status(e) is "succeeded" or "failed");

    private static async Task<IReadOnlyList<string>> AdapterFilesAsync(WorkingService service, string job) =>
        [.. (await service.Http.GetFromJsonAsync<JsonElement>($"/jobs/{job}/artifacts")).GetProperty("items").EnumerateArray()
            .Select(file => file.GetProperty("name").GetString()!).Where(name => name.StartsWith("adapter/", StringComparison.Ordinal))];

    private static string[] ObjectsOf(WorkingService service, string job) =>
        Directory.Exists(Path.Combine(service.DataFolder, "objects", "jobs", job, "evaluations"))
            ? Directory.GetFiles(Path.Combine(service.DataFolder, "objects", "jobs", job, "evaluations"), "*", SearchOption.AllDirectories)
            : [];

    private static Process? ChildOf(JsonElement evaluation) =>
        ChildProcesses.Of($"evaluate-{evaluation.GetProperty("id").GetGuid():N}") is [var first, ..] ? Process.GetProcessById(first) : null;
}
