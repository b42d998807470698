using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Text.Json;
using LoraDrop.Engine.Tests;

namespace LoraDrop.Service.Tests;

/// <summary>Predictions of finished jobs, from the request to the child process and back.</summary>
public sealed class PredictionFacts
{
    [Fact]
    public async Task A_classifier_answers_alone_and_beside_its_base_and_its_process_waits_for_more()
    {
        using var tiny = new TinyTask();
        await using var service = await WorkingService.StartAsync(worker => worker with { PredictionIdle = TimeSpan.FromMinutes(10) });
        var job = await TrainedAsync(service, tiny, Classifies);
        var began = Stopwatch.GetTimestamp();
        var plain = await service.PostAsync($"/jobs/{job}/predict", """{"texts": ["the film was lovely", "the soup was awful"]}""");
        var child = Assert.Single(ChildrenOf(job));
        var items = plain.GetProperty("items");
        Assert.Equal(2, items.GetArrayLength());
        foreach (var item in items.EnumerateArray())
        {
            var adapter = item.GetProperty("adapter");
            var probabilities = adapter.GetProperty("probabilities").EnumerateArray().Select(p => p.GetProperty("probability").GetDouble());
            Assert.Equal(1, probabilities.Sum(), 6);
            Assert.Equal(adapter.GetProperty("label").GetString(),
                adapter.GetProperty("probabilities")[0].GetProperty("label").GetString());
            Assert.False(item.TryGetProperty("base", out _) || item.TryGetProperty("remark", out _));
        }
        Assert.True(plain.GetProperty("seconds").GetDouble() <= Stopwatch.GetElapsedTime(began).TotalSeconds);

        var rows = await service.PostAsync($"/jobs/{job}/predict", $$"""
            {"rows": [{"text": "the film was lovely"}, {"text": "{{string.Join(' ', Enumerable.Repeat("lovely", 200))}}"}], "base": true}
            """);
        Assert.Equal(child, Assert.Single(ChildrenOf(job)));
        Assert.Equal(items[0].GetProperty("adapter").GetRawText(), rows.GetProperty("items")[0].GetProperty("adapter").GetRawText());
        Assert.NotEqual(items[0].GetProperty("adapter").GetRawText(), rows.GetProperty("items")[0].GetProperty("base").GetRawText());
        Assert.Contains("it was cut", rows.GetProperty("items")[1].GetProperty("remark").GetString());

        // one that dies while it waits is replaced unnoticed
        using (var waiting = Process.GetProcessById(child)) waiting.Kill();
        var again = await service.PostAsync($"/jobs/{job}/predict", """{"texts": ["the film was lovely"]}""");
        Assert.Equal(items[0].GetRawText(), again.GetProperty("items")[0].GetRawText());
        Assert.NotEqual(child, Assert.Single(ChildrenOf(job)));
    }

    [Fact]
    public async Task A_generators_text_comes_in_pieces_that_are_the_answer_and_what_its_template_refuses_ends_no_process()
    {
        using var tiny = new TinyTask(generates: true);
        await using var service = await WorkingService.StartAsync(worker => worker with { PredictionIdle = TimeSpan.FromMinutes(10) });
        var job = await TrainedAsync(service, tiny, Generates);
        const string Request = """
            {"rows": [{"text": "the film was lovely"}, {"text": "the soup was awful"}], "base": true,
             "generation": {"maxNewTokens": 20, "temperature": 1, "seed": 3}
            """;
        var whole = (await service.PostAsync($"/jobs/{job}/predict", Request + "}")).GetProperty("items");
        var child = Assert.Single(ChildrenOf(job));
        var events = await StreamAsync(service, job, Request + """, "stream": true}""");
        Assert.Equal("done", events[^1].EventType);
        Assert.Equal(4, events.Count(e => e.EventType == "answer"));
        foreach (var (index, source) in new[] { (0, "adapter"), (1, "adapter"), (0, "base"), (1, "base") })
        {
            var mine = events.SkipLast(1).Select(e => (e.EventType, Data: JsonDocument.Parse(e.Data).RootElement))
                .Where(e => e.Data.GetProperty("index").GetInt32() == index && e.Data.GetProperty("source").GetString() == source).ToList();
            var text = whole[index].GetProperty(source).GetProperty("text").GetString();
            Assert.Equal(text, string.Concat(mine.Where(e => e.EventType == "token").Select(e => e.Data.GetProperty("text").GetString())));
            Assert.Equal(("answer", text), (mine[^1].EventType, mine[^1].Data.GetProperty("text").GetString()));
            Assert.Equal(whole[index].GetProperty(source).GetProperty("finish").GetString(),
                mine[^1].Data.GetProperty("finish").GetString());
        }
        Assert.NotEqual(whole[0].GetProperty("adapter").GetRawText(), whole[0].GetProperty("base").GetRawText());

        var beams = await StreamAsync(service, job, """{"texts": ["the film was"], "generation": {"beams": 3}, "stream": true}""");
        Assert.Equal(["token", "answer", "done"], beams.Select(e => e.EventType));
        Assert.Equal(child, Assert.Single(ChildrenOf(job)));
    }

    [Fact]
    public async Task A_process_that_nobody_asks_ends_and_one_slot_holds_the_model_of_one_job()
    {
        using var tiny = new TinyTask();
        await using var service = await WorkingService.StartAsync(worker => worker with { PredictionIdle = TimeSpan.FromSeconds(2) });
        var first = await TrainedAsync(service, tiny, Classifies);
        var second = await TrainedAsync(service, tiny, Classifies.Replace("\"seed\": 1", "\"seed\": 2"));
        await service.PostAsync($"/jobs/{first}/predict", """{"texts": ["the film was lovely"]}""");
        Assert.Single(ChildrenOf(first));
        await service.PostAsync($"/jobs/{second}/predict", """{"texts": ["the film was lovely"]}""");
        Assert.Empty(ChildrenOf(first));
        Assert.Single(ChildrenOf(second));
        await Eventually.UntilAsync(() => Task.FromResult(ChildrenOf(second).Count), count => count == 0);
        await Eventually.UntilAsync(() => Task.FromResult(Directory.EnumerateDirectories(Path.Combine(service.DataFolder, "work"),
            "predict-*").Count()), count => count == 0);
    }

    [Fact]
    public async Task A_client_that_leaves_stops_its_prediction_and_not_the_process()
    {
        using var tiny = new TinyTask();
        await using var service = await WorkingService.StartAsync(worker => worker with { PredictionIdle = TimeSpan.FromMinutes(10) });
        var job = await TrainedAsync(service, tiny, Classifies);
        const string Request = """{"texts": ["the film was lovely"]}""";
        var first = await service.PostAsync($"/jobs/{job}/predict", Request);
        var child = Assert.Single(ChildrenOf(job));
        await SignalAsync("STOP", child); // a prediction that takes long
        using (var leave = new CancellationTokenSource(TimeSpan.FromSeconds(2)))
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => service.Http.PostAsync($"/jobs/{job}/predict",
                new StringContent(Request, null, "application/json"), leave.Token));
        await Task.Delay(TimeSpan.FromSeconds(1.5)); // so that its worker sees that nobody waits, and has not lost its patience
        await SignalAsync("CONT", child);
        var next = await service.PostAsync($"/jobs/{job}/predict", Request);
        Assert.Equal(first.GetProperty("items").GetRawText(), next.GetProperty("items").GetRawText());
        Assert.Equal(child, Assert.Single(ChildrenOf(job)));
    }

    [Fact]
    public async Task A_worker_that_trains_answers_meanwhile()
    {
        using var tiny = new TinyTask();
        await using var service = await WorkingService.StartAsync();
        var job = await TrainedAsync(service, tiny, Classifies);
        var training = await service.PostAsync("/jobs", RequestOf(tiny, Classifies.Replace("\"epochs\": 1", "\"epochs\": 100000")));
        var address = $"/jobs/{training.GetProperty("id").GetString()}";
        await service.WaitForAsync(address, j => WorkingService.Status(j) == "running");
        await service.PostAsync($"/jobs/{job}/predict", """{"texts": ["the film was lovely"]}""");
        Assert.Equal("running", WorkingService.Status(await service.Http.GetFromJsonAsync<JsonElement>(address)));
        await service.PostAsync($"{address}/cancel", "{}");
    }

    [Fact]
    public async Task A_model_that_has_changed_is_told_and_is_no_defect()
    {
        using var tiny = new TinyTask();
        await using var service = await WorkingService.StartAsync();
        var job = await TrainedAsync(service, tiny, Classifies);
        File.AppendAllText(Path.Combine(tiny.Model, "config.json"), " ");
        using var answer = await service.Http.PostAsync($"/jobs/{job}/predict",
            new StringContent("""{"texts": ["the film was lovely"]}""", null, "application/json"));
        var problem = await answer.ProblemAsync(HttpStatusCode.ServiceUnavailable, "prediction_failed");
        Assert.Contains("has changed since it was inspected", problem.GetProperty("detail").GetString());
    }

    private const string Classifies = """
        "task": {"kind": "classification", "columns": {"first": "text", "label": "mood"}}, "lora": {"rank": 2},
        "training": {"epochs": 1, "batchSize": 8, "learningRate": 0.05, "seed": 1}
        """;

    private const string Generates = """
        "task": {"kind": "generation", "metric": "rouge", "text": {"prompt": "{text}", "target": " {mood} indeed"},
          "decoding": {"maxNewTokens": 12}},
        "lora": {"rank": 2}, "training": {"epochs": 2, "batchSize": 8, "learningRate": 0.05}
        """;

    private static string RequestOf(TinyTask tiny, string settings) =>
        $$"""{"model": "file:{{tiny.Model}}", "dataset": "moods", "method": "lora", {{settings}}}""";

    private static async Task<string> TrainedAsync(WorkingService service, TinyTask tiny, string settings)
    {
        using var known = await service.Http.GetAsync("/datasets/moods");
        if (!known.IsSuccessStatusCode) await service.UploadAsync("moods", "train.tsv", File.ReadAllBytes(tiny.Files.Train));
        var job = await service.RunAsync(RequestOf(tiny, settings));
        Assert.True(WorkingService.Status(job) == "succeeded", $"{job}");
        return job.GetProperty("id").GetString()!;
    }

    private static async Task<List<SseItem<string>>> StreamAsync(WorkingService service, string job, string request)
    {
        using var answer = await service.Http.PostAsync($"/jobs/{job}/predict", new StringContent(request, null, "application/json"));
        var body = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, body);
        await using var stream = await answer.Content.ReadAsStreamAsync();
        var events = new List<SseItem<string>>();
        await foreach (var item in SseParser.Create(stream).EnumerateAsync()) events.Add(item);
        return events;
    }

    private static async Task SignalAsync(string signal, int process)
    {
        using var kill = Process.Start("kill", [$"-{signal}", $"{process}"]);
        await kill.WaitForExitAsync();
    }

    /// <summary>The processes that keep a job's model for predictions.</summary>
    private static IReadOnlyList<int> ChildrenOf(string job) => ChildProcesses.Of($"predict-{Guid.Parse(job):N}");
}
