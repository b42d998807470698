using System.Text.Json;

namespace LoraDrop.Service.Tests;

/// <summary>What hosts log for machines.</summary>
[Collection(Watched.Name)]
public sealed class LogFacts(WatchedCluster cluster)
{
    private static IEnumerable<JsonElement> Lines(string log) =>
        log.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonSerializer.Deserialize<JsonElement>(line));

    [Fact]
    public void Each_line_about_a_job_carries_job_stage_attempt_and_the_trace_of_its_request()
    {
        var job = cluster.Succeeded.GetProperty("id").GetString()!;
        var lines = Lines(cluster.WorkerLog).Where(line => line.TryGetProperty("JobId", out var id) && id.GetString() == job
            && line.GetProperty("SourceContext").GetString()!.StartsWith("LoraDrop.Worker.Stage", StringComparison.Ordinal)).ToList();
        Assert.True(lines.Count >= 8);
        Assert.All(lines, line =>
        {
            Assert.Contains(line.GetProperty("Stage").GetString(), new[] { "importance-evaluation", "task-adaptation" });
            Assert.Equal((1, WatchedCluster.CallersTrace),
                (line.GetProperty("Attempt").GetInt32(), line.GetProperty("TraceId").GetString()));
            Assert.Contains(cluster.Traces.Spans, s => s.SpanId == line.GetProperty("SpanId").GetString()
                && s.TraceId == WatchedCluster.CallersTrace);
        });
        var request = Lines(cluster.ApiLog).Single(line => line.GetProperty("@mt").GetString()!.StartsWith("{Method} {Route}",
            StringComparison.Ordinal) && line.TryGetProperty("TraceId", out var trace) && trace.GetString() == WatchedCluster.CallersTrace);
        Assert.Equal(("POST", "/jobs/", 202), (request.GetProperty("Method").GetString(), request.GetProperty("Route").GetString(),
            request.GetProperty("Status").GetInt32()));
        Assert.True(request.GetProperty("Milliseconds").GetDouble() > 0);
    }

    [Fact]
    public void A_request_for_a_job_names_it_and_one_that_changes_nothing_is_no_line()
    {
        var requests = Lines(cluster.ApiLog).Where(line => line.TryGetProperty("Route", out _)).ToList();
        var job = cluster.Cancelled.GetProperty("id").GetString();
        Assert.Single(requests, line => line.TryGetProperty("JobId", out var id) && id.GetString() == job
            && line.GetProperty("Route").GetString() == "/jobs/{id:guid}/cancel");
        Assert.DoesNotContain(requests, line => line.GetProperty("Status").GetInt32() == 304);
        Assert.DoesNotContain(requests, line => line.GetProperty("Route").GetString() is "/metrics" or "/health/live" or "/health/ready");
        Assert.Single(requests, line => line.GetProperty("Route").GetString() == "(none)");
    }

    [Fact]
    public void No_line_repeats_what_a_caller_or_a_setting_said_in_confidence()
    {
        Assert.DoesNotContain(WatchedCluster.Secret, cluster.ApiLog);
        Assert.DoesNotContain(WatchedCluster.Secret, cluster.WorkerLog);
    }
}
