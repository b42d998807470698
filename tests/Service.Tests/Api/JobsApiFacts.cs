using System.Net;
using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Service.Tests;

public sealed class JobsApiFacts(SharedService shared) : IClassFixture<SharedService>
{
    private readonly TestService _service = shared.Service;

    [Fact]
    public async Task A_submitted_job_is_accepted_with_its_place_and_every_default()
    {
        using var answer = await _service.PostAsync("/jobs", Given.Minimal);
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        var job = await answer.JsonAsync();
        Assert.Equal($"/jobs/{job.GetProperty("id")}", answer.Headers.Location!.ToString());
        Assert.Equal(TimeSpan.FromSeconds(1), answer.Headers.RetryAfter!.Delta);
        Assert.NotNull(answer.Headers.ETag);
        Assert.Equal("queued", job.GetProperty("status").GetString());
        Assert.Equal("importance-evaluation", job.GetProperty("stage").GetString());
        Assert.Equal("sample-model", job.GetProperty("model").GetProperty("name").GetString());
        Assert.Equal("aa11", job.GetProperty("model").GetProperty("sha256").GetString());
        Assert.Equal("cc33", job.GetProperty("dataset").GetProperty("sha256").GetString());
        Assert.Equal(0.9, job.GetProperty("settings").GetProperty("sharing").GetProperty("threshold").GetDouble());
        Assert.True(job.GetProperty("queuePosition").GetInt32() >= 1);
        Assert.Equal(2, job.GetProperty("stages").GetArrayLength());
        Assert.EndsWith("+00:00", job.GetProperty("createdAt").GetString());
    }

    [Fact]
    public async Task The_settings_of_an_answer_are_a_request_for_the_same()
    {
        var job = await _service.JsonAsync($"/jobs/{await _service.SubmitAsync()}");
        var settings = job.GetProperty("settings").GetRawText();
        Assert.DoesNotContain("null", settings);
        var again = await _service.JsonAsync($"/jobs/{await _service.SubmitAsync(settings)}");
        Assert.Equal(settings, again.GetProperty("settings").GetRawText());
    }

    [Fact]
    public async Task What_is_not_known_is_left_out()
    {
        var text = await _service.Http.GetStringAsync($"/jobs/{await _service.SubmitAsync()}");
        Assert.DoesNotContain("null", text);
        Assert.DoesNotContain("NaN", text);
    }

    [Fact]
    public async Task All_faults_of_a_request_come_at_once()
    {
        using var answer = await _service.PostAsync("/jobs",
            """{ "model": "no such", "dataset": 3, "task": { "preset": "glue/rte" }, "sharing": { "threshold": 2 }, "sharign": {}, "training": { "epochs": "3" } }""");
        var problem = await answer.ProblemAsync(HttpStatusCode.UnprocessableEntity, "invalid");
        Assert.Superset(new HashSet<string> { "dataset", "sharing.threshold", "sharign", "training.epochs" }, problem.Paths().ToHashSet());
    }

    [Fact]
    public async Task A_name_that_is_not_registered_is_a_fault_at_its_path()
    {
        using var answer = await _service.PostAsync("/jobs",
            Given.Minimal.Replace("sample-model", "other-model").Replace("acceptable", "unknown"));
        var problem = await answer.ProblemAsync(HttpStatusCode.UnprocessableEntity, "invalid");
        Assert.Equal(["model", "dataset"], problem.Paths());
        Assert.Contains("sample-model", problem.GetProperty("faults")[0].GetProperty("message").GetString());
    }

    [Theory]
    [InlineData("{ \"model\": ", "line 1")]
    [InlineData("", "line 1")]
    [InlineData("{\n  \"model\": tru }", "line 2 column")]
    public async Task What_is_not_JSON_is_refused_with_line_and_column(string body, string path)
    {
        using var answer = await _service.PostAsync("/jobs", body);
        var problem = await answer.ProblemAsync(HttpStatusCode.BadRequest, "not_json");
        Assert.StartsWith(path, Assert.Single(problem.Paths()));
    }

    [Fact]
    public async Task Bytes_that_are_no_UTF8_are_refused()
    {
        using var body = new ByteArrayContent([.. "{\"name\":\""u8, 0xff, .. "\"}"u8]);
        body.Headers.ContentType = new("application/json");
        using var answer = await _service.Http.PostAsync("/jobs", body);
        await answer.ProblemAsync(HttpStatusCode.BadRequest, "not_json");
    }

    [Fact]
    public async Task Another_content_type_is_refused()
    {
        using var answer = await _service.Http.PostAsync("/jobs", new StringContent(Given.Minimal));
        await answer.ProblemAsync(HttpStatusCode.UnsupportedMediaType, "unsupported_media_type");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_body_over_a_mebibyte_is_refused(bool lengthKnown)
    {
        using var body = new ByteArrayContent(new byte[(1 << 20) + 1]);
        body.Headers.ContentType = new("application/json");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/jobs") { Content = body };
        request.Headers.TransferEncodingChunked = !lengthKnown;
        using var answer = await _service.Http.SendAsync(request);
        await answer.ProblemAsync(HttpStatusCode.RequestEntityTooLarge, "too_large");
    }

    [Fact]
    public async Task A_running_job_tells_how_far_it_is()
    {
        var id = await _service.SubmitAsync();
        var lease = await _service.TakeAsync(id);
        await lease.RenewAsync(set => set.SetProperty(s => s.Step, 5).SetProperty(s => s.Steps, 10)
            .SetProperty(s => s.Loss, double.PositiveInfinity).SetProperty(s => s.SecondsLeft, 20)
            .SetProperty(s => s.Metric, "accuracy").SetProperty(s => s.Score, 0.5).SetProperty(s => s.BestScore, 0.6)
            .SetProperty(s => s.BestStep, 4), [], CancellationToken.None);
        var job = await _service.JsonAsync($"/jobs/{id}");
        Assert.Equal("running", job.GetProperty("status").GetString());
        Assert.Equal(0.05, job.GetProperty("progress").GetDouble());
        Assert.Equal(20 * (5 + 10 / 0.3 * 30) / 5, job.GetProperty("secondsLeft").GetDouble(), 6);   // 3 epochs of a tenth, then 30 of all
        Assert.False(job.TryGetProperty("queuePosition", out _));
        var stage = job.GetProperty("stages")[0];
        Assert.Equal(0.5, stage.GetProperty("progress").GetDouble());
        Assert.False(stage.TryGetProperty("loss", out _));   // infinite
        Assert.Equal("""{"name":"accuracy","value":0.5,"best":0.6,"bestStep":4}""", stage.GetProperty("metric").GetRawText());
    }

    [Fact]
    public async Task A_finished_job_tells_what_came_of_it()
    {
        var id = await _service.SubmitAsync();
        await _service.MeasureAsync(id);
        await _service.FinishAsync(id);
        var job = await _service.JsonAsync($"/jobs/{id}");
        Assert.Equal("succeeded", job.GetProperty("status").GetString());
        Assert.Equal(1, job.GetProperty("progress").GetDouble());
        var result = job.GetProperty("result");
        Assert.Equal("""{"accuracy":0.9}""", result.GetProperty("scores").GetRawText());   // NaN is left out
        Assert.Equal("accuracy", result.GetProperty("primary").GetString());
        Assert.Equal(4096, result.GetProperty("parameters").GetProperty("adapter").GetInt64());
        Assert.False(job.TryGetProperty("error", out _));
    }

    [Fact]
    public async Task A_failed_job_tells_why_and_where()
    {
        var id = await _service.SubmitAsync();
        var lease = await _service.TakeAsync(id);
        await lease.FailAsync(new Failure(FailureCode.Refused, "train.tsv row 7: no label",
            [new("train.tsv row 7 column label", "is empty")]), CancellationToken.None);
        var error = (await _service.JsonAsync($"/jobs/{id}")).GetProperty("error");
        Assert.Equal("refused", error.GetProperty("code").GetString());
        Assert.Equal("train.tsv row 7 column label", error.GetProperty("faults")[0].GetProperty("path").GetString());
    }

    [Fact]
    public async Task A_job_says_what_it_waits_for()
    {
        await using (var db = await _service.Contexts.CreateDbContextAsync())
        {
            db.Add(new ModelRow { Id = Guid.CreateVersion7(), Name = "coming", Source = "hf:a/b", CreatedAt = _service.Clock.GetUtcNow() });
            await db.SaveChangesAsync();
        }
        var id = await _service.SubmitAsync(Given.Minimal.Replace("sample-model", "coming"));
        using var answer = await _service.GetAsync($"/jobs/{id}");
        var job = await answer.JsonAsync();
        Assert.Equal("""["model"]""", job.GetProperty("waitingFor").GetRawText());
        Assert.EndsWith("-m\"", answer.Headers.ETag!.Tag);
        Assert.False(job.TryGetProperty("queuePosition", out _));
        using var cancelled = await _service.PostAsync($"/jobs/{id}/cancel");
        Assert.Equal("cancelled", (await cancelled.JsonAsync()).GetProperty("status").GetString());
    }

    [Fact]
    public async Task A_queued_job_is_cancelled_at_once_and_can_be_tried_again()
    {
        var id = await _service.SubmitAsync();
        using var cancelled = await _service.PostAsync($"/jobs/{id}/cancel");
        Assert.Equal(HttpStatusCode.Accepted, cancelled.StatusCode);
        Assert.Equal("cancelled", (await cancelled.JsonAsync()).GetProperty("status").GetString());

        using var twice = await _service.PostAsync($"/jobs/{id}/cancel");
        await twice.ProblemAsync(HttpStatusCode.Conflict, "job_ended");

        using var retried = await _service.PostAsync($"/jobs/{id}/retry");
        Assert.Equal(HttpStatusCode.Accepted, retried.StatusCode);
        Assert.Equal("queued", (await retried.JsonAsync()).GetProperty("status").GetString());

        using var again = await _service.PostAsync($"/jobs/{id}/retry");
        await again.ProblemAsync(HttpStatusCode.Conflict, "job_not_ended");
    }

    [Fact]
    public async Task A_running_job_is_asked_to_stop()
    {
        var id = await _service.SubmitAsync();
        var lease = await _service.TakeAsync(id);
        using var answer = await _service.PostAsync($"/jobs/{id}/cancel");
        var job = await answer.JsonAsync();
        Assert.Equal("running", job.GetProperty("status").GetString());
        Assert.True(job.TryGetProperty("cancelRequestedAt", out _));
        Assert.Equal(StageRequest.Cancel, await lease.PendingRequestAsync(CancellationToken.None));
    }

    [Fact]
    public async Task A_queued_job_is_paused_at_once_and_queued_again_when_it_is_resumed()
    {
        var id = await _service.SubmitAsync();
        using var paused = await _service.PostAsync($"/jobs/{id}/pause");
        Assert.Equal(HttpStatusCode.Accepted, paused.StatusCode);
        Assert.Equal($"/jobs/{id}", paused.Headers.Location!.ToString());
        var job = await paused.JsonAsync();
        Assert.Equal(("paused", "paused"),
            (job.GetProperty("status").GetString(), job.GetProperty("stages")[0].GetProperty("status").GetString()));
        Assert.False(job.TryGetProperty("queuePosition", out _) || job.TryGetProperty("pauseRequestedAt", out _));
        using (var twice = await _service.PostAsync($"/jobs/{id}/pause")) Assert.Equal("paused",
            (await twice.JsonAsync()).GetProperty("status").GetString());
        Assert.Contains((await _service.JsonAsync("/jobs?status=paused")).GetProperty("items").EnumerateArray(),
            listed => listed.GetProperty("id").GetGuid() == id);

        using var resumed = await _service.PostAsync($"/jobs/{id}/resume");
        Assert.Equal(HttpStatusCode.Accepted, resumed.StatusCode);
        job = await resumed.JsonAsync();
        Assert.Equal("queued", job.GetProperty("status").GetString());
        Assert.True(job.GetProperty("queuePosition").GetInt32() >= 1);
        Assert.NotEqual(paused.Headers.ETag, resumed.Headers.ETag);
        using (var again = await _service.PostAsync($"/jobs/{id}/resume")) await again.ProblemAsync(HttpStatusCode.Conflict,
            "job_not_paused");
        var events = (await _service.JsonAsync($"/jobs/{id}/events")).GetProperty("items").EnumerateArray()
            .Select(e => e.GetProperty("type").GetString());
        Assert.Equal(["submitted", "pause-requested", "paused", "resume-requested"], events.Where(type => type != "queued"));
    }

    [Fact]
    public async Task A_running_job_is_asked_to_pause_and_may_be_told_to_go_on_before_it_has()
    {
        var id = await _service.SubmitAsync();
        var lease = await _service.TakeAsync(id);
        using (var asked = await _service.PostAsync($"/jobs/{id}/pause"))
        {
            var job = await asked.JsonAsync();
            Assert.Equal("running", job.GetProperty("status").GetString());
            Assert.True(job.TryGetProperty("pauseRequestedAt", out _));
        }
        Assert.Equal(StageRequest.Pause, await lease.PendingRequestAsync(CancellationToken.None));
        using (var resumed = await _service.PostAsync($"/jobs/{id}/resume")) Assert.False(
            (await resumed.JsonAsync()).TryGetProperty("pauseRequestedAt", out _));
        Assert.Equal(StageRequest.None, await lease.PendingRequestAsync(CancellationToken.None));
    }

    [Fact]
    public async Task A_job_that_stops_or_has_ended_is_not_paused()
    {
        var id = await _service.SubmitAsync(Given.Lora);
        var lease = await _service.TakeAsync(id, Stage.TaskAdaptation);
        using (await _service.PostAsync($"/jobs/{id}/cancel")) { }
        using (var stopping = await _service.PostAsync($"/jobs/{id}/pause")) await stopping.ProblemAsync(HttpStatusCode.Conflict,
            "job_cancelling");
        Assert.True(await lease.CancelledAsync(CancellationToken.None));
        using (var ended = await _service.PostAsync($"/jobs/{id}/pause")) await ended.ProblemAsync(HttpStatusCode.Conflict, "job_ended");
        using (var ended = await _service.PostAsync($"/jobs/{id}/resume")) await ended.ProblemAsync(HttpStatusCode.Conflict,
            "job_not_paused");
    }

    [Fact]
    public async Task A_stage_tells_who_has_it_and_how_often_it_failed()
    {
        var id = await _service.SubmitAsync();
        var lease = await _service.TakeAsync(id, worker: "gpu-7");
        Assert.Equal("gpu-7", (await _service.JsonAsync($"/jobs/{id}")).GetProperty("stages")[0].GetProperty("worker").GetString());
        await lease.FailAttemptAsync(new Failure(FailureCode.Killed, "The process was ended by signal 9."), CancellationToken.None);
        var stage = (await _service.JsonAsync($"/jobs/{id}")).GetProperty("stages")[0];
        Assert.Equal(("queued", 1, 0), (stage.GetProperty("status").GetString(), stage.GetProperty("failures").GetInt32(),
            stage.GetProperty("interruptions").GetInt32()));
        Assert.False(stage.TryGetProperty("worker", out _));
        Assert.Contains((await _service.JsonAsync($"/jobs/{id}/events")).GetProperty("items").EnumerateArray(),
            e => e.GetProperty("type").GetString() == "attempt-failed");
    }

    [Fact]
    public async Task A_deleted_job_is_shown_no_more_until_it_is_restored_and_only_a_purge_takes_its_files()
    {
        var id = await _service.SubmitAsync(Given.Lora);
        using (var active = await _service.Http.DeleteAsync($"/jobs/{id}")) await active.ProblemAsync(HttpStatusCode.Conflict,
            "job_active");
        var stored = await _service.Objects.PutAsync($"jobs/{id}/attempts/1/x", new MemoryStream([1, 2]), CancellationToken.None);
        await _service.FinishAsync(id, new StoredFile("adapter/x", stored.Key, stored.Bytes, stored.Sha256));

        using (var deleted = await _service.Http.DeleteAsync($"/jobs/{id}")) Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        foreach (var path in new[] { "", "/events", "/events/stream", "/metrics", "/artifacts", "/artifacts/adapter/x", "/checkpoints",
            "/importance" })
            using (var gone = await _service.GetAsync($"/jobs/{id}{path}")) await gone.ProblemAsync(HttpStatusCode.NotFound,
                "job_not_found");
        Assert.Contains((await _service.JsonAsync("/jobs?deleted=true")).GetProperty("items").EnumerateArray(),
            job => job.GetProperty("id").GetGuid() == id && job.TryGetProperty("deletedAt", out _));
        Assert.DoesNotContain((await _service.JsonAsync("/jobs")).GetProperty("items").EnumerateArray(),
            job => job.GetProperty("id").GetGuid() == id);

        using (var restored = await _service.PostAsync($"/jobs/{id}/restore")) Assert.Equal(HttpStatusCode.Accepted, restored.StatusCode);
        using (var there = await _service.GetAsync($"/jobs/{id}/artifacts/adapter/x")) Assert.Equal(HttpStatusCode.OK, there.StatusCode);

        using (var purged = await _service.Http.DeleteAsync($"/jobs/{id}?purge=true")) Assert.Equal(HttpStatusCode.NoContent,
            purged.StatusCode);
        await Assert.ThrowsAsync<FileNotFoundException>(() => _service.Objects.OpenAsync(stored.Key, CancellationToken.None));
        Assert.False(await _service.RowsAsync(db => db.Artifacts.AnyAsync(a => a.JobId == id)));
    }

    [Fact]
    public async Task A_job_whose_model_was_deleted_still_shows_its_name_but_is_not_tried_again()
    {
        await using (var db = await _service.Contexts.CreateDbContextAsync())
        {
            db.Add(new ModelRow { Id = Guid.CreateVersion7(), Name = "leaving", Source = "hf:c/d", Status = InputStatus.Ready,
                CreatedAt = _service.Clock.GetUtcNow() });
            await db.SaveChangesAsync();
        }
        var id = await _service.SubmitAsync(Given.Minimal.Replace("sample-model", "leaving"));
        using (await _service.PostAsync($"/jobs/{id}/cancel")) { }
        using (var deleted = await _service.Http.DeleteAsync("/models/leaving")) Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        Assert.Equal("leaving", (await _service.JsonAsync($"/jobs/{id}")).GetProperty("model").GetProperty("name").GetString());
        using var retried = await _service.PostAsync($"/jobs/{id}/retry");
        await retried.ProblemAsync(HttpStatusCode.Conflict, "model_deleted");
    }

    [Theory]
    [InlineData("GET", "")]
    [InlineData("DELETE", "")]
    [InlineData("POST", "/cancel")]
    [InlineData("POST", "/pause")]
    [InlineData("POST", "/resume")]
    [InlineData("POST", "/retry")]
    [InlineData("GET", "/importance")]
    [InlineData("GET", "/metrics")]
    [InlineData("GET", "/events")]
    [InlineData("GET", "/events/stream")]
    [InlineData("GET", "/checkpoints")]
    [InlineData("GET", "/checkpoints/task-adaptation/3")]
    [InlineData("GET", "/artifacts")]
    [InlineData("GET", "/artifacts/adapter/x")]
    public async Task A_job_that_is_not_there_is_not_found_whether_its_id_is_one_or_not(string method, string rest)
    {
        foreach (var id in new[] { Guid.NewGuid().ToString(), "17", "not-an-id" })
        {
            using var answer = await _service.Http.SendAsync(new HttpRequestMessage(new(method), $"/jobs/{id}{rest}"));
            var problem = await answer.ProblemAsync(HttpStatusCode.NotFound, "job_not_found");
            Assert.Contains(id, problem.GetProperty("detail").GetString());
        }
    }

    [Fact]
    public void Every_code_of_a_refusal_is_a_known_kind_of_problem() =>
        Assert.Equal(Api.ProblemKind.All.Count, Api.ProblemKind.All.Select(kind => kind.Code).Distinct().Count());
}
