using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.RegularExpressions;
using LoraDrop.Engine.Tests;
using LoraDrop.Storage.Tests;

namespace LoraDrop.Service.Tests;

/// <summary>
/// An Api, a worker, and a worker with GPUs that a script makes believe, all watched: by a collector, by Prometheus and by MLflow. Three
/// jobs run once for all claims: one that succeeds, one that diverges, one whose process is killed and that is cancelled later. Then all
/// are ended, and what they told is kept.
/// </summary>
public sealed partial class WatchedCluster : IAsyncLifetime
{
    /// <summary>The trace of the caller that submits the first job.</summary>
    public const string CallersTrace = "0123456789abcdef0123456789abcdef", CallersSpan = "0123456789abcdef";

    /// <summary>What must never be told.</summary>
    public const string Secret = "geheim-4711";

    internal OtlpReceiver Traces { get; private set; } = null!;

    internal MlflowServer Mlflow { get; private set; } = null!;

    internal Exposition Api { get; private set; } = null!;

    internal Exposition Worker { get; private set; } = null!;

    internal Exposition GpuWorker { get; private set; } = null!;

    /// <summary>The jobs as the service answers for them at the end.</summary>
    public JsonElement Succeeded { get; private set; }

    public JsonElement Diverged { get; private set; }

    public JsonElement Cancelled { get; private set; }

    /// <summary>The names of the first job's files.</summary>
    public IReadOnlyList<string> Files { get; private set; } = [];

    /// <summary>What the hosts logged.</summary>
    public string ApiLog { get; private set; } = "";

    public string WorkerLog { get; private set; } = "";

    /// <summary>Status by address at the Api's listener for metrics.</summary>
    public Dictionary<string, HttpStatusCode> AtMetricsUrl { get; } = [];

    public async ValueTask InitializeAsync()
    {
        using var tiny = new TinyTask();
        using var folder = new TestFolder();
        Traces = await OtlpReceiver.StartAsync();
        Mlflow = await MlflowServer.StartAsync($"Bearer {Secret}");
        await using var s3 = await S3Server.StartAsync();
        var gpus = folder.File("nvidia-smi", """
            #!/bin/sh
            case "$1" in
            *utilization*) echo '0, NVIDIA H100 80GB HBM3, 97, 61034, 81559, 61, 512.34'; echo '1, NVIDIA H100 80GB HBM3, [N/A], 0, 81559, 30, [N/A]' ;;
            *) echo '0, NVIDIA H100 80GB HBM3, 81559'; echo '1, NVIDIA H100 80GB HBM3, 81559' ;;
            esac
            """);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(gpus, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        var settings = new Dictionary<string, string>(
            HostProcess.Settings(await (await PostgresServer.SharedAsync()).CreateDatabaseAsync(), s3, folder))
        {
            ["LORADROP_DATABASE__MIGRATEATSTART"] = "true", ["LORADROP_SOURCES__FOLDERS__0"] = Path.GetDirectoryName(tiny.Model)!,
            ["LORADROP_API__METRICSURL"] = Free(), ["LORADROP_WORKER__HEALTHURL"] = Free(), ["LORADROP_LOG__JSON"] = "true",
            ["LORADROP_TRACKING__MLFLOWURI"] = Mlflow.Address, ["LORADROP_TRACKING__MLFLOWTOKEN"] = Secret,
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = Traces.Address, ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            ["OTEL_BSP_SCHEDULE_DELAY"] = "500",
        };
        var withGpus = new Dictionary<string, string>(settings) { ["LORADROP_WORKER__DEVICE"] = "cuda",
            ["LORADROP_WORKER__HEALTHURL"] = Free(),
            ["PATH"] = $"{Path.GetDirectoryName(gpus)}:{Environment.GetEnvironmentVariable("PATH")}" };
        await using var api = HostProcess.Api(settings);
        await using var worker = HostProcess.Worker(settings);
        await using var gpuWorker = HostProcess.Worker(withGpus);
        using var http = new HttpClient { BaseAddress = await api.AddressAsync() };

        using var form = new MultipartFormDataContent { { new StringContent("moods"), "name" },
            { new ByteArrayContent(await File.ReadAllBytesAsync(tiny.Files.Train)), "train", "train.tsv" } };
        Assert.Equal(HttpStatusCode.Accepted, (await http.PostAsync("/datasets", form)).StatusCode);
        var job = TinyJob.Usual with { Epochs = 8, EvaluateEvery = 10 };
        const string OnCpu = """ "worker": {"labels": {"device": "cpu"}}, "labels": {"team": "search"}, "name": "watched" """;
        Succeeded = await RunAsync(http, job.Json($"file:{tiny.Model}", "moods", OnCpu), $"00-{CallersTrace}-{CallersSpan}-01", worker);
        Diverged = await RunAsync(http, job.Json($"file:{tiny.Model}", "moods", OnCpu).Replace("0.01", "1e30"), null, worker);
        var endless = await SubmitAsync(http, TinyJob.Endless(2).Json($"file:{tiny.Model}", "moods", OnCpu), null);
        await UntilAsync(http, endless, j => j.GetProperty("stages")[1].GetProperty("step").GetInt32() > 60, worker);
        await HostProcess.SignalAsync("KILL",
            int.Parse(ChildPattern().Matches(worker.Written)[^1].Groups[1].Value, CultureInfo.InvariantCulture));
        await UntilAsync(http, endless, j => j.GetProperty("stages")[1] is var stage && stage.GetProperty("attempt").GetInt32() == 2
            && stage.GetProperty("step").GetInt32() > 300, worker);
        await http.PostAsync($"{endless}/cancel", null);
        Cancelled = await UntilAsync(http, endless, Ended, worker);
        Files = [.. (await http.GetFromJsonAsync<JsonElement>($"/jobs/{Succeeded.GetProperty("id").GetString()}/artifacts")).GetProperty(
            "items").EnumerateArray().Select(f => f.GetProperty("name").GetString()!)];
        await LookAgainAsync(http, endless);
        using (var stranger = new HttpRequestMessage(HttpMethod.Get,
            $"/jobs?label={Secret}&{Secret}=1") { Headers = { { "Authorization", $"Bearer {Secret}" },
            { "X-Api-Key", Secret } } }) (await http.SendAsync(stranger)).Dispose();
        (await http.GetAsync($"/{Secret}")).Dispose();

        foreach (var address in new[] { "/metrics", "/health/live", "/health/ready", "/jobs", "/", "/swagger", "/hangfire", "/models" })
        {
            using var answer = await http.GetAsync($"{settings["LORADROP_API__METRICSURL"]}{address}");
            AtMetricsUrl[address] = answer.StatusCode;
        }
        Api = await Exposition.ScrapeAsync(http, $"{settings["LORADROP_API__METRICSURL"]}/metrics");
        await Exposition.ScrapeAsync(http, "/metrics");
        Worker = await Exposition.ScrapeAsync(http, $"{settings["LORADROP_WORKER__HEALTHURL"]}/metrics");
        GpuWorker = await Exposition.ScrapeAsync(http, $"{withGpus["LORADROP_WORKER__HEALTHURL"]}/metrics");
        // A worker sends to MLflow every two seconds, and stops sending two seconds after it is asked to end.
        await Eventually.UntilAsync(() => Task.FromResult(Mlflow.Runs.Values.Count(run => run.Status != "RUNNING")), ended => ended >= 3,
            () => worker.Written);
        Assert.Equal((0, 0, 0), (await worker.TerminateAsync(), await gpuWorker.TerminateAsync(), await api.TerminateAsync()));
        (ApiLog, WorkerLog) = (api.Written, worker.Written);
    }

    public async ValueTask DisposeAsync()
    {
        if (Mlflow is not null) await Mlflow.DisposeAsync();
        if (Traces is not null) await Traces.DisposeAsync();
    }

    private static async Task<JsonElement> RunAsync(HttpClient http, string request, string? traceParent, HostProcess worker) =>
        await UntilAsync(http, await SubmitAsync(http, request, traceParent), Ended, worker);

    private static async Task<string> SubmitAsync(HttpClient http, string request, string? traceParent)
    {
        using var message = new HttpRequestMessage(HttpMethod.Post,
            "/jobs") { Content = new StringContent(request, null, "application/json") };
        if (traceParent is not null) message.Headers.Add("traceparent", traceParent);
        using var answer = await http.SendAsync(message);
        Assert.True(answer.StatusCode == HttpStatusCode.Accepted, await answer.Content.ReadAsStringAsync());
        return answer.Headers.Location!.ToString();
    }

    /// <summary>As a poller does that knows the job already.</summary>
    private static async Task LookAgainAsync(HttpClient http, string job)
    {
        using var known = await http.GetAsync(job);
        using var again = new HttpRequestMessage(HttpMethod.Get, job);
        again.Headers.IfNoneMatch.Add(known.Headers.ETag!);
        using var answer = await http.SendAsync(again);
        Assert.Equal(HttpStatusCode.NotModified, answer.StatusCode);
    }

    private static bool Ended(JsonElement job) => job.GetProperty("status").GetString() is "succeeded" or "failed" or "cancelled";

    private static Task<JsonElement> UntilAsync(HttpClient http, string job, Func<JsonElement, bool> reached, HostProcess worker) =>
        Eventually.UntilAsync(() => http.GetFromJsonAsync<JsonElement>(job), reached, () => worker.Written);

    [GeneratedRegex("\"ProcessId\":([0-9]+)")]
    private static partial Regex ChildPattern();

    private static string Free()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}";
    }
}

/// <summary>Gathers the claims about a cluster that is watched.</summary>
[CollectionDefinition(Name)]
public sealed class Watched : ICollectionFixture<WatchedCluster>
{
    public const string Name = "watched";
}
