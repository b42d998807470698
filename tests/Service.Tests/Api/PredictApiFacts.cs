using System.Net;
using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Text;
using System.Text.Json;
using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace LoraDrop.Service.Tests;

/// <summary>What a request for a prediction gets, whatever happens to its worker. The workers are played by the tests.</summary>
public sealed class PredictApiFacts : IAsyncLifetime
{
    private const string Generates = """
        { "model": "decoder", "dataset": "acceptable", "method": "lora", "task": { "kind": "generation",
          "text": { "prompt": "Say {sentence}:", "target": "{label}" } } }
        """;

    private const string Decoder = """
        { "family": "llama", "architecture": "LlamaForCausalLM", "layers": 4, "hidden": 64, "heads": 4, "vocabulary": 1000, "longestText": 512,
          "parameters": 300000, "weightsType": "F32", "sha256": "dd44", "files": [],
          "modules": [ { "type": "q_proj", "path": "model.layers.*.self_attn.q_proj", "in": 64, "out": 64 },
                       { "type": "v_proj", "path": "model.layers.*.self_attn.v_proj", "in": 64, "out": 64 } ] }
        """;

    private const string Answers = """[{"adapter":{"label":"1","probabilities":"""
        + """[{"label":"1","probability":0.75},{"label":"0","probability":0.25}]}}]""";

    private TestService _service = null!;
    private Guid _job;

    public async ValueTask InitializeAsync()
    {
        _service = await TestService.StartAsync(services =>
            services.AddSingleton(new PredictionOptions { Time = TimeSpan.FromSeconds(4), MostPerOwner = 2 }));
        await _service.AddInputsAsync();
        await _service.RowsAsync(async db =>
        {
            db.Add(new ModelRow { Id = Guid.CreateVersion7(), Name = "decoder", Source = "file:/models/decoder", Status = InputStatus.Ready,
                CreatedAt = _service.Clock.GetUtcNow(), Facts = JsonSerializer.Deserialize<ModelSummary>(Decoder, JsonText.Compact) });
            return await db.SaveChangesAsync();
        });
        _job = await FinishedAsync(Given.Lora);
    }

    public ValueTask DisposeAsync() => _service.DisposeAsync();

    [Fact]
    public async Task Answers_are_those_of_the_worker_that_took_it_and_leave_no_row()
    {
        var asking = AskAsync("""{"texts": ["a dog barks"]}""");
        var lease = await TakeAsync();
        await lease.SucceedAsync(Answers, CancellationToken.None);
        var answer = await (await asking).JsonAsync();
        Assert.Equal((_job, "worker-1"), (answer.GetProperty("job").GetGuid(), answer.GetProperty("worker").GetString()));
        Assert.Equal(Answers, answer.GetProperty("items").GetRawText());
        Assert.InRange(answer.GetProperty("seconds").GetDouble(), 0, 4);
        await NoRowIsLeftAsync();
    }

    [Theory]
    [InlineData("""{}""", "texts")]
    [InlineData("""{"texts": ["a"], "rows": [{"sentence": "a"}]}""", "rows")]
    [InlineData("""{"texts": []}""", "texts")]
    [InlineData("""{"texts": ["a", 3], "stream": 1, "more": 2}""", "texts[1]", "stream", "more")]
    [InlineData("""{"texts": ["a"], "stream": true}""", "stream")]
    [InlineData("""{"texts": ["a"], "generation": {"maxNewTokens": 3, "topP": 0.5}}""", "generation")]
    [InlineData("""{"messages": [[{"role": "user", "content": "a"}]]}""", "messages")]
    [InlineData("""{"messages": [[{"role": "clown"}], []]}""", "messages[0][0].role", "messages[0][0].content", "messages[1]")]
    [InlineData("""{"rows": [{"sentence": "a", "label": 1}, {"sentense": "a"}, {"sentence": " "}]}""", "rows[1].sentense", "rows[1]",
        "rows[2].sentence")]
    [InlineData("""{"rows": {"sentence": "a"}}""", "rows")]
    public async Task What_does_not_fit_the_job_is_refused_at_once_with_its_path(string request, params string[] paths)
    {
        using var answer = await AskAsync(request);
        Assert.Equal(paths, (await answer.ProblemAsync(HttpStatusCode.UnprocessableEntity, "invalid")).Paths());
    }

    [Fact]
    public async Task Limits_are_told_with_their_numbers()
    {
        var many = JsonSerializer.Serialize(new { texts = Enumerable.Repeat("a", 33) });
        Assert.Contains("must have 1 to 32 items; got 33", await FaultAsync(_job, many));
        var longest = JsonSerializer.Serialize(new { texts = new[] { new string('a', 20_001) } });
        Assert.Contains($"must have at most {20_000:N0} characters; got {20_001:N0}", await FaultAsync(_job, longest));
        var generates = await FinishedAsync(Generates);
        Assert.Contains("must be at most 1024 for a prediction; got 1025",
            await FaultAsync(generates, """{"texts": ["a"], "generation": {"maxNewTokens": 1025}}"""));
        Assert.Contains("must be 0 with beams above 1",
            await FaultAsync(generates, """{"texts": ["a"], "generation": {"beams": 2, "temperature": 1}}"""));
        Assert.Contains("this job was not trained on conversations",
            await FaultAsync(generates, """{"messages": [[{"role": "user", "content": "a"}]]}"""));
        Assert.Contains("must have sentence", await FaultAsync(generates, """{"rows": [{"label": "a"}]}"""));
    }

    [Fact]
    public async Task A_job_without_an_adapter_has_none_to_ask_and_one_that_nobody_knows_is_missing()
    {
        var waiting = await _service.SubmitAsync();
        using var early = await _service.PostAsync($"/jobs/{waiting}/predict", """{"texts": ["a"]}""");
        var problem = await early.ProblemAsync(HttpStatusCode.Conflict, "no_adapter");
        Assert.Contains("is queued", problem.GetProperty("detail").GetString());
        using var unknown = await _service.PostAsync($"/jobs/{Guid.NewGuid()}/predict", """{"texts": ["a"]}""");
        await unknown.ProblemAsync(HttpStatusCode.NotFound, "job_not_found");
        using var form = await _service.Http.PostAsync($"/jobs/{_job}/predict", new StringContent("a"));
        await form.ProblemAsync(HttpStatusCode.UnsupportedMediaType, "unsupported_media_type");
        using var broken = await AskAsync("{");
        await broken.ProblemAsync(HttpStatusCode.BadRequest, "not_json");
    }

    [Fact]
    public async Task More_than_an_owner_may_have_unanswered_are_refused_with_the_numbers()
    {
        Task<HttpResponseMessage>[] waiting = [AskAsync("""{"texts": ["a"]}"""), AskAsync("""{"texts": ["b"]}""")];
        await Eventually.UntilAsync(() => _service.RowsAsync(db => db.Predictions.CountAsync()), count => count == 2);
        using var third = await AskAsync("""{"texts": ["c"]}""");
        var problem = await third.ProblemAsync(HttpStatusCode.TooManyRequests, "too_many_predictions");
        Assert.Contains("2 predictions of this service are unanswered, and 2 may be", problem.GetProperty("detail").GetString());
        Assert.Equal("2", third.Headers.GetValues("Retry-After").Single());
        foreach (var asked in waiting)
        {
            using var untaken = await asked;
            var late = await untaken.ProblemAsync(HttpStatusCode.ServiceUnavailable, "prediction_not_taken");
            Assert.Contains("No worker took the prediction within 4 s", late.GetProperty("detail").GetString());
        }
        await NoRowIsLeftAsync();
    }

    [Fact]
    public async Task A_worker_that_takes_it_and_is_too_slow_is_named()
    {
        var asking = AskAsync("""{"texts": ["a"]}""");
        var lease = await TakeAsync();
        using var answer = await asking;
        var problem = await answer.ProblemAsync(HttpStatusCode.GatewayTimeout, "prediction_too_long");
        Assert.Contains("Worker worker-1 took the prediction, but did not answer within 4 s", problem.GetProperty("detail").GetString());
        Assert.False(await lease.RenewAsync(CancellationToken.None)); // so that it stops
    }

    [Fact]
    public async Task Why_a_worker_has_no_answer_is_told_as_the_users_fault_or_not()
    {
        var refused = AskAsync("""{"texts": ["a"]}""");
        await (await TakeAsync()).FailAsync(Failure.Refused([new("texts[0]", "is too strange")]), CancellationToken.None);
        using (var answer = await refused)
            Assert.Equal(["texts[0]"], (await answer.ProblemAsync(HttpStatusCode.UnprocessableEntity, "invalid")).Paths());
        var failed = AskAsync("""{"texts": ["a"]}""");
        await (await TakeAsync()).FailAsync(new(FailureCode.Killed, "The process was killed."), CancellationToken.None);
        using (var answer = await failed)
        {
            var problem = await answer.ProblemAsync(HttpStatusCode.ServiceUnavailable, "prediction_failed");
            Assert.Equal("The process was killed.", problem.GetProperty("detail").GetString());
        }
    }

    [Fact]
    public async Task A_request_whose_worker_dies_is_taken_once_more_and_then_fails()
    {
        var asking = AskAsync("""{"texts": ["a"]}""");
        var first = await TakeAsync();
        await LoseAsync();
        var second = await TakeAsync("worker-2");
        Assert.Equal(2, second.Attempt);
        Assert.False(await first.RenewAsync(CancellationToken.None));
        await first.SucceedAsync(Answers, CancellationToken.None); // which is not taken any more
        await LoseAsync();
        using var answer = await asking;
        var problem = await answer.ProblemAsync(HttpStatusCode.ServiceUnavailable, "prediction_failed");
        Assert.Contains("Worker worker-2 took the prediction and is not heard of any more", problem.GetProperty("detail").GetString());
    }

    [Fact]
    public async Task A_worker_that_stops_hands_it_to_another()
    {
        var asking = AskAsync("""{"texts": ["a"]}""");
        await (await TakeAsync()).HandBackAsync(CancellationToken.None);
        await (await TakeAsync("worker-2")).SucceedAsync(Answers, CancellationToken.None);
        Assert.Equal("worker-2", (await (await asking).JsonAsync()).GetProperty("worker").GetString());
    }

    [Fact]
    public async Task A_client_that_leaves_stops_its_worker()
    {
        using var leave = new CancellationTokenSource();
        var asking = AskAsync("""{"texts": ["a"]}""", cancel: leave.Token);
        var lease = await TakeAsync();
        Assert.True(await lease.RenewAsync(CancellationToken.None));
        await leave.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
        await Eventually.UntilAsync(() => lease.RenewAsync(CancellationToken.None), waits => !waits);
    }

    [Fact]
    public async Task A_service_that_stops_answers_those_that_wait()
    {
        var asking = AskAsync("""{"texts": ["a"]}""");
        await TakeAsync();
        _service.BeginStop();
        using var answer = await asking;
        var problem = await answer.ProblemAsync(HttpStatusCode.ServiceUnavailable, "prediction_failed");
        Assert.StartsWith("The service is stopping", problem.GetProperty("detail").GetString());
        Assert.Equal("5", answer.Headers.GetValues("Retry-After").Single());
    }

    [Fact]
    public async Task A_worker_takes_only_what_the_jobs_demands_let_it()
    {
        var picky = await FinishedAsync(Given.Lora.TrimEnd()[..^1] + """, "worker": { "labels": { "gpu": "H100" }, "memoryGiB": 40 } }""",
            new("worker-1", WorkerDemand.SelectorsOf(new Dictionary<string, string> { ["gpu"] = "H100" }), 41L << 30));
        var asking = AskAsync("""{"texts": ["a"]}""", picky);
        await Eventually.UntilAsync(() => _service.RowsAsync(db => db.Predictions.CountAsync()), count => count == 1);
        var leases = _service.Services.GetRequiredService<PredictionLeases>();
        Assert.False(await leases.AnyAsync(WorkerAbility.Any("worker-1"), CancellationToken.None));
        Assert.Null(await leases.TakeNextAsync(WorkerAbility.Any("worker-1"), CancellationToken.None));
        var able = new WorkerAbility("worker-2", WorkerDemand.SelectorsOf(new Dictionary<string, string> { ["gpu"] = "H100" }), 41L << 30);
        await (await leases.TakeNextAsync(able, CancellationToken.None))!.SucceedAsync(Answers, CancellationToken.None);
        Assert.Equal("worker-2", (await (await asking).JsonAsync()).GetProperty("worker").GetString());
    }

    [Fact]
    public async Task A_stream_tells_pieces_then_answers_then_the_end()
    {
        var generates = await FinishedAsync(Generates);
        var asking = AskAsync("""{"rows": [{"sentence": "hi"}]}""", generates, accept: ServerSentEvents);
        var lease = await TakeAsync();
        Assert.True(JsonSerializer.Deserialize<PredictRequest>(lease.Row.Request, JsonText.Compact)!.Stream);
        var said = new PredictedAnswer { Text = "hello", Tokens = 2, Finish = "end" };
        Assert.True(await lease.SayAsync(1, [new(0, PredictionSource.Adapter, "hel"), new(0, PredictionSource.Adapter, "lo")],
            CancellationToken.None));
        Assert.True(await lease.SayAsync(2, [new(0, PredictionSource.Adapter, null, said)], CancellationToken.None));
        await lease.SucceedAsync(JsonSerializer.Serialize(new[] { new PredictedItem(said) }, JsonText.Compact), CancellationToken.None);
        var events = await EventsAsync(await asking);
        Assert.Equal(["token", "token", "answer", "done"], events.Select(e => e.EventType));
        Assert.Equal("""{"index":0,"source":"adapter","text":"hel"}""", events[0].Data);
        Assert.Equal("""{"index":0,"source":"adapter","text":"hello","tokens":2,"finish":"end"}""", events[2].Data);
        Assert.Contains("\"worker\":\"worker-1\"", events[3].Data);
    }

    [Fact]
    public async Task A_stream_that_breaks_after_its_first_piece_ends_with_the_problem_and_before_it_with_a_status()
    {
        var generates = await FinishedAsync(Generates);
        const string Request = """{"texts": ["hi"], "stream": true}""";
        var early = AskAsync(Request, generates);
        await (await TakeAsync()).FailAsync(new(FailureCode.Killed, "The process was killed."), CancellationToken.None);
        using (var answer = await early) await answer.ProblemAsync(HttpStatusCode.ServiceUnavailable, "prediction_failed");

        var late = AskAsync(Request, generates);
        var lease = await TakeAsync();
        await lease.SayAsync(1, [new(0, PredictionSource.Adapter, "hel")], CancellationToken.None);
        await LoseAsync(); // it is not begun again: a part of the answer is sent
        var events = await EventsAsync(await late);
        Assert.Equal(["token", "error"], events.Select(e => e.EventType));
        Assert.Equal("prediction_failed", JsonDocument.Parse(events[1].Data).RootElement.GetProperty("code").GetString());
    }

    [Fact]
    public async Task What_an_Api_leaves_that_died_is_not_taken_and_is_swept()
    {
        await _service.RowsAsync(async db =>
        {
            db.Add(new PredictionRow { Id = Guid.NewGuid(), JobId = _job, Owner = "", Request = "{}",
                WaitsUntil = _service.Clock.GetUtcNow() - TimeSpan.FromSeconds(1) });
            return await db.SaveChangesAsync();
        });
        Assert.Null(await _service.Services.GetRequiredService<PredictionLeases>()
            .TakeNextAsync(WorkerAbility.Any("worker-1"), CancellationToken.None));
        await _service.Services.GetRequiredService<Predictions>().PurgeAsync(CancellationToken.None);
        await NoRowIsLeftAsync();
    }

    private const string ServerSentEvents = "text/event-stream";

    private async Task<Guid> FinishedAsync(string request, WorkerAbility? worker = null)
    {
        var job = await _service.SubmitAsync(request);
        if (worker is null) await _service.FinishAsync(job);
        else
        {
            var lease = await _service.TakeAsync(job, Stage.TaskAdaptation, worker.Id);
            await lease.SucceedAsync(new StageOutcome([], Result: new RunSummary("{}", 0.9, "accuracy 0.9")), CancellationToken.None);
        }
        return job;
    }

    private Task<HttpResponseMessage> AskAsync(string request, Guid? job = null, string? accept = null, CancellationToken cancel = default)
    {
        var message = new HttpRequestMessage(HttpMethod.Post, $"/jobs/{job ?? _job}/predict")
        {
            Content = new StringContent(request, Encoding.UTF8, "application/json"),
        };
        if (accept is not null) message.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(accept));
        return _service.Http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancel);
    }

    private async Task<string> FaultAsync(Guid job, string request)
    {
        using var answer = await AskAsync(request, job);
        return string.Join('\n', (await answer.ProblemAsync(HttpStatusCode.UnprocessableEntity, "invalid")).GetProperty("faults")
            .EnumerateArray().Select(fault => fault.GetProperty("message").GetString()));
    }

    private async Task<PredictionLease> TakeAsync(string worker = "worker-1") => (await Eventually.UntilAsync(() =>
        _service.Services.GetRequiredService<PredictionLeases>().TakeNextAsync(WorkerAbility.Any(worker), CancellationToken.None),
        lease => lease is not null))!;

    /// <summary>The lease runs out, as if its worker had died.</summary>
    private Task<int> LoseAsync()
    {
        var before = _service.Clock.GetUtcNow() - TimeSpan.FromSeconds(1);
        return _service.RowsAsync(db => db.Predictions.ExecuteUpdateAsync(set => set.SetProperty(p => p.LeaseUntil, before)));
    }

    private Task<int> NoRowIsLeftAsync() =>
        Eventually.UntilAsync(() => _service.RowsAsync(async db =>
            await db.Predictions.CountAsync() + await db.PredictionPieces.CountAsync()), count => count == 0);

    private static async Task<List<SseItem<string>>> EventsAsync(HttpResponseMessage answer)
    {
        using (answer)
        {
            Assert.Equal(ServerSentEvents, answer.Content.Headers.ContentType?.MediaType);
            await using var stream = await answer.Content.ReadAsStreamAsync();
            var events = new List<SseItem<string>>();
            await foreach (var item in SseParser.Create(stream).EnumerateAsync()) events.Add(item);
            return events;
        }
    }
}
