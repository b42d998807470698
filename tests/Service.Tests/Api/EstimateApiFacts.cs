using System.Net;
using System.Text.Json;
using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Service.Tests;

public abstract class EstimateApiFacts(bool postgres) : IAsyncLifetime
{
    private readonly SharedService _sqlite = new();
    private readonly PostgresService _postgres = new();

    private TestService _service = null!;

    public async ValueTask InitializeAsync()
    {
        await (postgres ? _postgres.InitializeAsync() : _sqlite.InitializeAsync());
        _service = postgres ? _postgres.Service : _sqlite.Service;
    }

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return postgres ? _postgres.DisposeAsync() : _sqlite.DisposeAsync();
    }

    [Fact]
    public async Task Before_anything_has_run_it_tells_sizes_and_why_it_tells_no_time()
    {
        var estimate = await EstimateAsync(Given.Minimal);
        Assert.Empty(estimate.GetProperty("faults").EnumerateArray());
        // 300 rows, 270 of them to train on, a sample of 27: 3 passes of one batch, and 30 passes of nine.
        Assert.Equal([("importance-evaluation", 27, 3), ("task-adaptation", 270, 270)], Stages(estimate)
            .Select(s => (s.GetProperty("stage").GetString()!, s.GetProperty("examples").GetInt32(), s.GetProperty("steps").GetInt32())));
        // 4 layers of query and value, 64 wide, rank 8: 1,024 each. One of each type and a shared one at least, all at most.
        var parameters = estimate.GetProperty("parameters");
        Assert.Equal((300000, 8192, 4096, 8192), (parameters.GetProperty("model").GetInt64(), parameters.GetProperty("lora").GetInt64(),
            parameters.GetProperty("least").GetInt64(), parameters.GetProperty("most").GetInt64()));
        Assert.False(parameters.TryGetProperty("kept", out _));
        Assert.All(Stages(estimate), stage =>
        {
            Assert.InRange(stage.GetProperty("memoryGiB").GetDouble(), 0.25, 1);
            Assert.Contains("4 characters per token", stage.GetProperty("tokensFrom").GetString());
            Assert.False(stage.TryGetProperty("seconds", out _));
            Assert.StartsWith("no stage has finished yet", stage.GetProperty("secondsFrom").GetString());
        });
        Assert.Equal((1, "no worker is running"), (estimate.GetProperty("queue").GetProperty("position").GetInt32(),
            estimate.GetProperty("queue").GetProperty("secondsFrom").GetString()));
        Assert.Equal((0, 0, 1),
            await _service.RowsAsync(async db => (await db.Jobs.CountAsync(), await db.Events.CountAsync(), await db.Models.CountAsync())));
    }

    [Fact]
    public async Task Every_fault_is_in_the_answer_and_what_can_be_told_is_told_all_the_same()
    {
        var estimate = await EstimateAsync(Given.Minimal.Replace("{ \"model\"",
            """{ "trainig": {}, "sharing": { "threshold": 2 }, "lora": { "targets": ["query", "nothing"] }, "model" """.TrimEnd()));
        Assert.Equal(["lora.targets[1]", "sharing.threshold", "trainig"],
            estimate.GetProperty("faults").EnumerateArray().Select(f => f.GetProperty("path").GetString()).Order());
        Assert.Equal(2, Stages(estimate).Count);
        Assert.False(estimate.TryGetProperty("parameters", out _));
    }

    [Fact]
    public async Task A_source_that_is_not_fetched_is_waited_for_and_not_remembered()
    {
        var estimate = await EstimateAsync(Given.Minimal.Replace("sample-model", "hf:org/somewhere"));
        Assert.Equal(["model"], estimate.GetProperty("waitingFor").EnumerateArray().Select(w => w.GetString()));
        Assert.Empty(estimate.GetProperty("faults").EnumerateArray());
        Assert.All(Stages(estimate), stage => Assert.False(stage.TryGetProperty("tokens", out _)));
        Assert.Equal(1, await _service.RowsAsync(db => db.Models.CountAsync()));
    }

    [Fact]
    public async Task What_has_run_tells_tokens_speed_and_what_T_would_keep()
    {
        await AddWorkerAsync("worker-1", "cpu", 8L << 30);
        var done = await _service.SubmitAsync();
        await _service.MeasureAsync(done);
        await _service.FinishAsync(done);
        await _service.RowsAsync(async db =>
        {
            foreach (var (stage, tokens, epochs) in new[] { (Stage.ImportanceEvaluation, 270L, 3.0), (Stage.TaskAdaptation, 2700L, 30.0) })
            {
                var start = _service.Clock.GetUtcNow();
                await db.Stages.Where(s => s.JobId == done && s.Stage == stage)
                    .ExecuteUpdateAsync(set => set.SetProperty(s => s.PassTokens, tokens).SetProperty(s => s.Epoch, epochs)
                    .SetProperty(s => s.StartedAt, start).SetProperty(s => s.FinishedAt, start.AddSeconds(tokens * epochs / 100 + 5)));
                db.Metrics.Add(new MetricRow { JobId = done, Stage = stage, Name = "train/tokens_per_second", Step = 1, Value = 80 });
                db.Metrics.Add(new MetricRow { JobId = done, Stage = stage, Name = "train/tokens_per_second", Step = 2, Value = 120 });
            }
            return await db.SaveChangesAsync();
        });
        Assert.Equal("cpu", await _service.RowsAsync(db => db.Stages.Where(s => s.JobId == done && s.Stage == Stage.TaskAdaptation)
            .Select(s => s.Device).SingleAsync()));

        var estimate = await EstimateAsync(Given.Minimal.Replace("{ \"model\"",
            """{ "sharing": { "threshold": 0.5 }, "training": { "epochs": 60 }, "model" """.TrimEnd()));
        var adaptation = Stages(estimate)[1];
        Assert.Equal((2700 * 60, $"counted by job {done}"),
            (adaptation.GetProperty("tokens").GetInt64(), adaptation.GetProperty("tokensFrom").GetString()));
        // 100 tokens a second, and the 5 s that were no steps
        Assert.Equal(2700 * 60 / 100 + 5, adaptation.GetProperty("seconds").GetDouble(), 1);
        Assert.StartsWith("100 tokens/s, the median of 1 finished stage of the same model, stage, batch size and length on cpu",
            adaptation.GetProperty("secondsFrom").GetString());
        Assert.Equal(Stages(estimate).Sum(s => s.GetProperty("seconds").GetDouble()), estimate.GetProperty("seconds").GetDouble(), 6);

        // query has I = 0.4, 0.1, 0.2, 0.3 and value 0.25 each: T = 0.5 keeps two of each, which is what GET …/importance?threshold=0.5
        // says.
        var kept = estimate.GetProperty("parameters").GetProperty("kept");
        Assert.Equal((done, "[0,3]", 6144, 4096),
            (kept.GetProperty("from").GetGuid(), kept.GetProperty("layers").GetProperty("query").GetRawText(),
            kept.GetProperty("adapter").GetInt64(), kept.GetProperty("withoutShared").GetInt64()));
        Assert.Equal(kept.GetProperty("adapter").GetInt64(),
            (await _service.JsonAsync($"/jobs/{done}/importance?threshold=0.5")).GetProperty("parameters").GetProperty("adapter")
            .GetInt64());

        var queue = estimate.GetProperty("queue");
        Assert.Equal((1, 0.0, "a worker is free"), (queue.GetProperty("position").GetInt32(), queue.GetProperty("seconds").GetDouble(),
            queue.GetProperty("secondsFrom").GetString()));
        await _service.SubmitAsync();
        await _service.SubmitAsync();
        queue = (await EstimateAsync(Given.Minimal)).GetProperty("queue");
        Assert.Equal(3, queue.GetProperty("position").GetInt32());
        Assert.True(queue.GetProperty("seconds").GetDouble() > 0);
        Assert.Equal(1,
            (await EstimateAsync(Given.Minimal.Replace("{ \"model\"", """{ "priority": "high", "model" """.TrimEnd()))).GetProperty("queue")
            .GetProperty("position").GetInt32());
    }

    [Fact]
    public async Task Workers_are_named_with_what_keeps_them_from_it()
    {
        await AddWorkerAsync("small", "cpu", 200L << 20);
        await AddWorkerAsync("gpu", "cuda", 24L << 30, ("gpu", "H100"));
        var workers = (await EstimateAsync(Given.Minimal)).GetProperty("workers").EnumerateArray()
            .ToDictionary(w => w.GetProperty("id").GetString()!);
        Assert.Equal((false, true), (workers["small"].GetProperty("fits").GetBoolean(), workers["gpu"].GetProperty("fits").GetBoolean()));
        Assert.StartsWith("it has less than the required", workers["small"].GetProperty("why").GetString());
        Assert.Equal(("cuda H100", 24.0),
            (workers["gpu"].GetProperty("device").GetString(), workers["gpu"].GetProperty("memoryGiB").GetDouble()));
        workers =
            (await EstimateAsync(Given.Minimal.Replace("{ \"model\"",
                """{ "worker": { "labels": { "gpu": "A100" } }, "model" """.TrimEnd()))).GetProperty("workers").EnumerateArray()
                .ToDictionary(w => w.GetProperty("id").GetString()!);
        Assert.Equal("it lacks the label gpu=A100", workers["gpu"].GetProperty("why").GetString());
    }

    [Fact]
    public async Task What_is_no_JSON_is_refused() =>
    await (await _service.PostAsync("/jobs/estimate", "{")).ProblemAsync(HttpStatusCode.BadRequest, "not_json");

    private async Task<JsonElement> EstimateAsync(string json)
    {
        using var answer = await _service.PostAsync("/jobs/estimate", json);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return await answer.JsonAsync();
    }

    private Task<int> AddWorkerAsync(string id, string device, long memory, params (string Name, string Value)[] labels) =>
        _service.RowsAsync(db =>
    {
        var now = _service.Clock.GetUtcNow();
        db.Workers.Add(new WorkerRow { Id = id, Host = "here", Version = "1", Device = device, Slots = 1, Memory = memory,
            Labels = labels.ToDictionary(l => l.Name, l => l.Value), StartedAt = now, HeartbeatAt = now.AddMinutes(5) });
        return db.SaveChangesAsync();
    });

    private static List<JsonElement> Stages(JsonElement estimate) => [.. estimate.GetProperty("stages").EnumerateArray()];
}

public sealed class EstimateOnSqliteApiFacts() : EstimateApiFacts(postgres: false);

public sealed class EstimateOnPostgresApiFacts() : EstimateApiFacts(postgres: true);
