using System.Net;
using System.Text.RegularExpressions;

namespace LoraDrop.Service.Tests;

/// <summary>The numbers that hosts tell Prometheus.</summary>
[Collection(Watched.Name)]
public sealed partial class PrometheusFacts(WatchedCluster cluster)
{
    [Fact]
    public void The_Api_tells_of_jobs_queue_workers_and_requests()
    {
        var api = cluster.Api;
        Assert.Equal((1, 1, 1, 0, 0), (api.Sum("loradrop_jobs", ("status", "succeeded")), api.Sum("loradrop_jobs", ("status", "failed")),
            api.Sum("loradrop_jobs", ("status", "cancelled")), api.Sum("loradrop_jobs", ("status", "running")),
            api.Sum("loradrop_queue_depth")));
        Assert.Equal((2, 3), (api.Sum("loradrop_workers", ("state", "living")), api.Sum("loradrop_worker_slots")));
        Assert.InRange(api.Sum("loradrop_worker_heartbeat_age_seconds"), 0, 60);
        Assert.True(api.Sum("http_server_request_duration_seconds_count", ("http_route", "/jobs/"), ("http_request_method", "POST"),
            ("http_response_status_code", "202")) >= 3);
        Assert.True(api.Sum("dotnet_process_memory_working_set_bytes") > 1 << 20);
        Assert.Equal(0, api.Sum("loradrop_job_failures_total", ("reason", "defect")));
    }

    [Fact]
    public void The_worker_tells_what_its_children_do()
    {
        var worker = cluster.Worker;
        Assert.True(worker.Sum("loradrop_train_tokens_total", ("stage", "task-adaptation")) > 1000);
        Assert.True(worker.Sum("loradrop_step_duration_seconds_count", ("stage", "task-adaptation")) >= 40);
        Assert.True(worker.Sum("loradrop_queue_wait_seconds_count") >= 5);
        Assert.Equal(1, worker.Sum("loradrop_job_duration_seconds_count", ("stage", "task-adaptation"), ("outcome", "succeeded")));
        Assert.Equal(1, worker.Sum("loradrop_job_duration_seconds_count", ("outcome", "cancelled")));
        Assert.Equal(1, worker.Sum("loradrop_job_failures_total", ("reason", "diverged")));
        Assert.Equal((1, 1), (worker.Sum("loradrop_job_retries_total", ("reason", "killed")), worker.Sum("loradrop_job_retries_total")));
        Assert.True(worker.Sum("loradrop_checkpoint_write_seconds_count",
            ("to", "disk")) >= worker.Sum("loradrop_checkpoint_write_seconds_count", ("to", "store")));
        Assert.True(worker.Sum("loradrop_checkpoint_write_seconds_count", ("to", "store")) >= 1);
        Assert.InRange(worker.Sum("loradrop_kept_parameters_ratio_sum", ("method", "lora-drop")), 0.01, 0.99);
        Assert.Equal(0, worker.Sum("loradrop_worker_busy_slots"));
        Assert.DoesNotContain(worker.Samples, s => s.Name.StartsWith("loradrop_gpu", StringComparison.Ordinal));
    }

    [Fact]
    public void A_worker_with_GPUs_tells_what_nvidia_smi_knows_of_each()
    {
        var worker = cluster.GpuWorker;
        Assert.Equal((0.97, 61034d * (1 << 20), 81559d * (1 << 20)), (worker.Sum("loradrop_gpu_utilization_ratio", ("gpu", "0")),
            worker.Sum("loradrop_gpu_memory_used_bytes", ("gpu", "0")), worker.Sum("loradrop_gpu_memory_total_bytes", ("gpu", "1"))));
        Assert.Equal((61, 512.34), (worker.Sum("loradrop_gpu_temperature_celsius", ("gpu", "0")),
            worker.Sum("loradrop_gpu_power_watts", ("gpu", "0"))));
        // not known is not 0
        Assert.DoesNotContain(worker.Samples, s => s.Name == "loradrop_gpu_utilization_ratio" && s.Labels["gpu"] == "1");
    }

    [Fact]
    public void No_label_is_a_job_a_user_or_a_key_and_each_number_has_a_description()
    {
        Assert.All(new[] { cluster.Api, cluster.Worker, cluster.GpuWorker }, told =>
        {
            Assert.DoesNotContain(WatchedCluster.Secret, told.Text);
            Assert.All(told.Samples.SelectMany(s => s.Labels).Where(l => l.Key is not "service_instance_id"),
                label => Assert.DoesNotMatch(IdPattern(), label.Value));
            Assert.All(told.Samples.Where(s => s.Name.StartsWith("loradrop_", StringComparison.Ordinal)),
                s => Assert.Contains(SuffixPattern().Replace(s.Name, ""), told.Helped.Select(name => SuffixPattern().Replace(name, ""))));
            Assert.InRange(told.Samples.Count, 10, 1500);
        });
    }

    [Fact]
    public void At_the_address_for_metrics_there_is_nothing_else()
    {
        Assert.All(cluster.AtMetricsUrl, at => Assert.Equal(at.Key is "/metrics" or "/health/live" or "/health/ready"
            ? HttpStatusCode.OK
            : HttpStatusCode.NotFound, at.Value));
        Assert.Equal(8, cluster.AtMetricsUrl.Count);
    }

    [Fact]
    public async Task What_hosts_tell_has_the_form_that_Prometheus_wants()
    {
        foreach (var told in new[] { cluster.Api, cluster.Worker, cluster.GpuWorker })
            await Promtool.CheckAsync(["check", "metrics"], told.Text);
    }

    [GeneratedRegex("[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}")]
    private static partial Regex IdPattern();

    [GeneratedRegex("_(bucket|sum|count)$")]
    private static partial Regex SuffixPattern();
}
