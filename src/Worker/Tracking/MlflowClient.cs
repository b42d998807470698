using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace LoraDrop.Worker;

/// <summary>A client for the parts of MLflow's REST API needed to track jobs.</summary>
internal sealed class MlflowClient : IDisposable
{
    /// <summary>MLflow's limits per batch.</summary>
    public const int MostMetrics = 1000, MostParams = 100, MostTags = 100;

    /// <summary>Maximum length of a parameter's value, a tag's value and a name in all of MLflow's stores.</summary>
    public const int MostParamText = 500, MostTagText = 5000, MostNameText = 250;

    private const string Exists = "RESOURCE_ALREADY_EXISTS", Missing = "RESOURCE_DOES_NOT_EXIST";

    private static readonly JsonSerializerOptions Json =
        new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    private readonly HttpClient _http;

    public MlflowClient(TrackingOptions options)
    {
        _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5) }) { BaseAddress = new($"{options.MlflowUri!.TrimEnd('/')}/api/2.0/mlflow/"),
            Timeout = TimeSpan.FromSeconds(10) };
        _http.DefaultRequestHeaders.Authorization = options switch
        {
            { MlflowToken: { } token } => new("Bearer", token),
            { MlflowUser: { } user } => new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{options.MlflowPassword}"))),
            _ => null,
        };
    }

    /// <summary>The id of an experiment, which is created if necessary.</summary>
    public async Task<string> ExperimentAsync(string name, CancellationToken cancel)
    {
        for (var tries = 0; ; tries++)
        {
            try
            {
                return (await GetAsync<FoundExperiment>($"experiments/get-by-name?experiment_name={Uri.EscapeDataString(name)}",
                    cancel)).Experiment.ExperimentId;
            }
            catch (MlflowRefusedException none) when (none.Code == Missing)
            {
                try
                {
                    return (await PostAsync<NewExperiment>("experiments/create", new { name }, cancel)).ExperimentId;
                }
                catch (MlflowRefusedException taken) when (taken.Code == Exists && tries == 0)
                {
                    // Another worker created it in the meantime.
                }
            }
        }
    }

    /// <summary>The run with a tag; null if there is none.</summary>
    public async Task<string?> FindRunAsync(string experiment, string tag, string value, CancellationToken cancel) =>
        (await PostAsync<FoundRuns>("runs/search", new { experiment_ids = new[] { experiment }, filter = $"tags.`{tag}` = '{value}'",
            max_results = 1 }, cancel)).Runs is [var run, ..] ? run.Info.RunId : null;

    public async Task<string> CreateRunAsync(string experiment, string name, DateTimeOffset start, IEnumerable<MlflowPair> tags,
        CancellationToken cancel) =>
        (await PostAsync<FoundRun>("runs/create",
            new { experiment_id = experiment, run_name = name, start_time = start.ToUnixTimeMilliseconds(), tags }, cancel)).Run.Info.RunId;

    /// <summary>The last step of each of the run's metrics.</summary>
    public async Task<IReadOnlyDictionary<string, long>> LastStepsAsync(string run, CancellationToken cancel) =>
        ((await GetAsync<FoundRun>($"runs/get?run_id={Uri.EscapeDataString(run)}", cancel)).Run.Data?.Metrics ?? []).GroupBy(m => m.Key)
            .ToDictionary(curve => curve.Key, curve => curve.Max(m => m.Step));

    public async Task LogAsync(string run, IReadOnlyList<MlflowMetric> metrics, IReadOnlyList<MlflowPair> parameters,
        IReadOnlyList<MlflowPair> tags, CancellationToken cancel) =>
        await PostAsync<object>("runs/log-batch", new { run_id = run, metrics, @params = parameters, tags }, cancel);

    /// <param name="run">The run.</param>
    /// <param name="status">RUNNING, FINISHED, FAILED or KILLED.</param>
    /// <param name="end">When it ended; null if it is running.</param>
    /// <param name="cancel">Cancels the read.</param>
    public async Task UpdateAsync(string run, string status, DateTimeOffset? end, CancellationToken cancel) =>
        await PostAsync<object>("runs/update", new { run_id = run, status, end_time = end?.ToUnixTimeMilliseconds() }, cancel);

    public void Dispose() => _http.Dispose();

    private async Task<T> GetAsync<T>(string address, CancellationToken cancel)
    {
        using var answer = await _http.GetAsync(address, cancel);
        return await ReadAsync<T>(answer, cancel);
    }

    private async Task<T> PostAsync<T>(string address, object body, CancellationToken cancel)
    {
        using var content = JsonContent.Create(body, body.GetType(), options: Json);
        await content.LoadIntoBufferAsync(cancel); // some proxies in front of MLflow require Content-Length
        using var answer = await _http.PostAsync(address, content, cancel);
        return await ReadAsync<T>(answer, cancel);
    }

    private static async Task<T> ReadAsync<T>(HttpResponseMessage answer, CancellationToken cancel)
    {
        if (answer.IsSuccessStatusCode) return (await answer.Content.ReadFromJsonAsync<T>(Json, cancel))!;
        var text = await answer.Content.ReadAsStringAsync(cancel);
        // MLflow's own refusals are JSON with a code. Anything else is a failing server, a proxy or wrong credentials, which can be fixed.
        if (answer.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.NotFound or HttpStatusCode.Conflict
            && CodeOf(text) is var (code, message))
            throw new MlflowRefusedException(code, message);
        throw new HttpRequestException($"MLflow responded with {(int)answer.StatusCode} {answer.ReasonPhrase}");
    }

    private static (string Code, string Message)? CodeOf(string text)
    {
        try
        {
            return JsonSerializer.Deserialize<Refused>(text, Json) is { ErrorCode: { } code } said ? (code, said.Message ?? "") : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private sealed record Refused(string? ErrorCode, string? Message);

    private sealed record FoundExperiment(NewExperiment Experiment);

    private sealed record NewExperiment(string ExperimentId);

    private sealed record FoundRuns(IReadOnlyList<Run>? Runs);

    private sealed record FoundRun(Run Run);

    private sealed record Run(RunInfo Info, RunData? Data);

    private sealed record RunInfo(string RunId);

    private sealed record RunData(IReadOnlyList<MlflowMetric>? Metrics);
}

/// <summary>A point of a metric, with the time in Unix milliseconds.</summary>
internal sealed record MlflowMetric(string Key, double Value, long Timestamp, long Step);

/// <summary>A parameter or a tag.</summary>
internal sealed record MlflowPair(string Key, string Value);

/// <summary>MLflow rejected a request, and would reject it again.</summary>
internal sealed class MlflowRefusedException(string code, string message)
    : Exception($"{code}: {(message.Length > 300 ? message[..300] + "…" : message)}")
{
    public string Code => code;
}
