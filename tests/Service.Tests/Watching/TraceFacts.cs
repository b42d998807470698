namespace LoraDrop.Service.Tests;

/// <summary>One trace for a job, over all processes.</summary>
[Collection(Watched.Name)]
public sealed class TraceFacts(WatchedCluster cluster)
{
    private IReadOnlyList<OtlpSpan> OfJob => [.. cluster.Traces.Spans.Where(s => s.TraceId == WatchedCluster.CallersTrace)];

    [Fact]
    public void A_job_is_one_trace_from_the_caller_through_the_queue_and_the_worker_into_its_processes()
    {
        var spans = OfJob;
        var told = string.Join('\n', spans.Select(s => $"{s.Service} {s.Name} {s.SpanId} < {s.ParentId}"));
        OtlpSpan Of(string service, string name, string parent) =>
            Assert.Single(spans, s => s.Service == service && s.Name == name && s.ParentId == parent);

        var request = spans.Single(s => s.Kind == OtlpSpan.Server);
        Assert.True(request is { Service: "loradrop-api", ParentId: WatchedCluster.CallersSpan }
            && request.Name.StartsWith("POST /jobs", StringComparison.Ordinal), told);
        Assert.Equal(2, spans.Count(s => s.Name == "queued" && s.ParentId == request.SpanId));
        foreach (var stage in new[] { "importance-evaluation", "task-adaptation" })
        {
            var run = Of("loradrop-worker", $"run {stage}", request.SpanId);
            Assert.Equal((OtlpSpan.Consumer, cluster.Succeeded.GetProperty("id").GetString(), "1", stage),
                (run.Kind, run.Attributes["loradrop.job.id"], run.Attributes["loradrop.attempt"], run.Attributes["loradrop.stage"]));
            Of("loradrop-worker", "fetch inputs", run.SpanId);
            Of("loradrop-worker", "publish", run.SpanId);
            var child = Of("loradrop-worker", "child", run.SpanId);
            Assert.DoesNotContain("process.exit.code", child.Attributes.Keys); // it waits for the next stage
            Assert.Equal(stage, Of("loradrop-worker", "train", child.SpanId).Attributes["loradrop.stage"]);
            Of("loradrop-worker", "load", child.SpanId);
        }
        var adaptation = spans.Single(s => s.Name == "run task-adaptation");
        var phases = spans.Where(s => s.ParentId == spans.Single(c => c.Name == "child" && c.ParentId == adaptation.SpanId).SpanId)
            .ToList();
        var training = phases.Single(s => s.Name == "train");
        Assert.Contains(spans, s => s.Name == "evaluate" && s.ParentId == training.SpanId);
        Assert.Contains(spans, s => s.Name == "save" && s.ParentId == training.SpanId);
        Assert.Contains(spans, s => s.Name == "importance");
        Assert.Contains(spans, s => s.Name == "store checkpoint");
        Assert.DoesNotContain(spans, s => s.Failed);
    }

    [Fact]
    public void What_a_process_reports_has_the_times_at_which_it_happened()
    {
        var spans = OfJob.ToDictionary(s => s.SpanId);
        Assert.All(spans.Values, span =>
        {
            Assert.True(span.End >= span.Start);
            if (span.Service == "loradrop-worker" && spans.TryGetValue(span.ParentId, out var parent) && parent.Service == span.Service)
                Assert.True(span.Start >= parent.Start && span.End <= parent.End, $"{span.Name} lies outside of {parent.Name}");
        });
        var load = spans.Values.First(s => s.Name == "load");
        Assert.InRange(load.End - load.Start, 1_000_000ul, 20_000_000_000ul);
        var request = spans.Values.Single(s => s.Kind == OtlpSpan.Server);
        Assert.All(spans.Values.Where(s => s.Name == "queued"), queued => Assert.True(queued.Start >= request.Start));
    }

    [Fact]
    public void A_model_and_a_dataset_are_prepared_in_the_trace_of_the_request_that_brought_them()
    {
        var upload = cluster.Traces.Spans.Single(s => s.Kind == OtlpSpan.Server
            && s.Name.StartsWith("POST /datasets", StringComparison.Ordinal));
        var prepared = cluster.Traces.Spans.Single(s => s.Name == "prepare dataset");
        Assert.Equal((upload.TraceId, upload.SpanId), (prepared.TraceId, prepared.ParentId));
        var reading = cluster.Traces.Spans.Single(s => s.Name == "child" && s.ParentId == prepared.SpanId);
        Assert.Equal("inspect-dataset", reading.Attributes["loradrop.work"]);
        Assert.Single(OfJob, s => s.Name == "prepare model"); // the job named its file
    }

    [Fact]
    public void An_attempt_that_fails_says_why()
    {
        var failed = cluster.Traces.Spans.Single(s =>
            s.Attributes.GetValueOrDefault("loradrop.job.id") == cluster.Diverged.GetProperty("id").GetString()
                && s.Kind == OtlpSpan.Consumer);
        Assert.True(failed.Failed);
        Assert.Equal("diverged", failed.Attributes["error.type"]);
        Assert.True(cluster.Traces.Spans.Single(s => s.Name == "child" && s.ParentId == failed.SpanId).Failed);
    }

    [Fact]
    public void The_phases_of_a_job_that_is_cancelled_are_told_too()
    {
        var stopped = Attempt(2);
        Assert.Equal("cancelled", stopped.Attributes["loradrop.stopped"]);
        var child = cluster.Traces.Spans.Single(s => s.Name == "child" && s.ParentId == stopped.SpanId);
        var training = cluster.Traces.Spans.Single(s => s.Name == "train" && s.ParentId == child.SpanId);
        Assert.Contains(cluster.Traces.Spans, s => s.Name == "save" && s.ParentId == training.SpanId);
    }

    [Fact]
    public void The_phases_of_a_process_that_is_killed_are_told_and_those_that_were_open_end_with_it()
    {
        var killed = Attempt(1);
        Assert.Equal("killed", killed.Attributes["error.type"]);
        var child = cluster.Traces.Spans.Single(s => s.Name == "child" && s.ParentId == killed.SpanId);
        Assert.Equal("137", child.Attributes["process.exit.code"]);
        Assert.False(cluster.Traces.Spans.Single(s => s.Name == "load" && s.ParentId == child.SpanId).Failed);
        Assert.True(cluster.Traces.Spans.Single(s => s.Name == "train" && s.ParentId == child.SpanId) is { Failed: true } training
            && training.End <= child.End);
    }

    [Fact]
    public void What_is_asked_for_all_the_time_is_no_trace()
    {
        Assert.DoesNotContain(cluster.Traces.Spans, s => s.Kind == OtlpSpan.Client && s.ParentId.Length == 0);
        Assert.DoesNotContain(cluster.Traces.Spans, s => s.Kind == OtlpSpan.Server
            && (s.Attributes.GetValueOrDefault("url.path")?.StartsWith("/health", StringComparison.Ordinal) == true
            || s.Attributes.GetValueOrDefault("url.path") == "/metrics"));
        Assert.DoesNotContain(cluster.Traces.Spans, s => s.Attributes.GetValueOrDefault("http.response.status_code") == "304");
        Assert.DoesNotContain(cluster.Traces.Spans.SelectMany(s => s.Attributes.Values),
            value => value.Contains(S3Signature, StringComparison.Ordinal));
    }

    private OtlpSpan Attempt(int number) => cluster.Traces.Spans.Single(s =>
        s.Attributes.GetValueOrDefault("loradrop.job.id") == cluster.Cancelled.GetProperty("id").GetString()
            && s.Name == "run task-adaptation" && s.Attributes["loradrop.attempt"] == $"{number}");

    private const string S3Signature = "X-Amz-Signature=";
}
