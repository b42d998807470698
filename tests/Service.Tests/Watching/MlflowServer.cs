using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace LoraDrop.Service.Tests;

/// <summary>
/// The contract of MLflow's REST interface as its manual has it, with its limits: what a tracking server would refuse is refused here.
/// MLflow itself comes from Python's package index alone, which is out of reach where this is built.
/// </summary>
internal sealed class MlflowServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, string> _experiments = [];

    private MlflowServer(WebApplication app) => _app = app;

    public string Address => _app.Urls.First();

    public ConcurrentDictionary<string, MlflowStoredRun> Runs { get; } = new();

    /// <summary>Every refusal that it gave.</summary>
    public ConcurrentQueue<string> Refusals { get; } = new();

    public IReadOnlyCollection<string> Experiments => _experiments.Keys;

    /// <summary>It answers 503, as a proxy does whose server is gone.</summary>
    public bool Gone { get; set; }

    /// <summary>Given the new status of a run, what the answer to its update waits for.</summary>
    public Func<string, Task> Held { get; set; } = _ => Task.CompletedTask;

    /// <summary>Requests that it would not let in.</summary>
    public int Strangers { get; private set; }

    public static async Task<MlflowServer> StartAsync(string? authorization = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var server = new MlflowServer(builder.Build());
        server._app.Use(async (http, next) =>
        {
            if (server.Gone) http.Response.StatusCode = 503;
            else if (authorization is not null && http.Request.Headers.Authorization != authorization)
            {
                server.Strangers++;
                http.Response.StatusCode = 401;
            }
            else await next(http);
        });
        var api = server._app.MapGroup("/api/2.0/mlflow");
        api.MapGet("/experiments/get-by-name",
            (string experiment_name) => server.Answer(() => server._experiments.TryGetValue(experiment_name, out var id)
            ? new { experiment = new { experiment_id = id, name = experiment_name } }
            : throw new Refusal(404, "RESOURCE_DOES_NOT_EXIST", $"Could not find experiment with name '{experiment_name}'")));
        api.MapPost("/experiments/create", (JsonElement body) => server.Answer(() => server.Create(Text(body, "name"))));
        api.MapPost("/runs/search", (JsonElement body) => server.Answer(() => server.Search(body)));
        api.MapPost("/runs/create", (JsonElement body) => server.Answer(() => server.Begin(body)));
        api.MapGet("/runs/get", (string run_id) => server.Answer(() => new { run = server.Run(run_id).Json() }));
        api.MapPost("/runs/log-batch", (HttpRequest request, JsonElement body) => server.Answer(() => server.Log(request, body)));
        api.MapPost("/runs/update", async (JsonElement body) =>
        {
            var answer = server.Answer(() => server.Update(body));
            await server.Held(Text(body, "status"));
            return answer;
        });
        await server._app.StartAsync();
        return server;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private object Create(string name)
    {
        if (_experiments.ContainsKey(name)) throw new Refusal(400, "RESOURCE_ALREADY_EXISTS", $"Experiment(name={name}) already exists.");
        return new { experiment_id = _experiments[name] = $"{_experiments.Count + 1}" };
    }

    private object Search(JsonElement body)
    {
        // "tags.`name` = 'value'" is the one filter that is understood here.
        var filter = Text(body, "filter").Split('`', '\'');
        if (filter is not ["tags.", var tag, " = ", var value, ""]) throw new Refusal(400, "INVALID_PARAMETER_VALUE", "Invalid filter");
        var experiments = body.GetProperty("experiment_ids").EnumerateArray().Select(e => e.GetString()).ToList();
        return new { runs = Runs.Values.Where(run => experiments.Contains(run.Experiment) && run.Tags.GetValueOrDefault(tag) == value)
            .Take(body.GetProperty("max_results").GetInt32()).Select(run => run.Json()) };
    }

    private object Begin(JsonElement body)
    {
        var experiment = Text(body, "experiment_id");
        if (!_experiments.ContainsValue(experiment))
            throw new Refusal(404, "RESOURCE_DOES_NOT_EXIST", $"No Experiment with id={experiment} exists");
        var run = new MlflowStoredRun(Guid.NewGuid().ToString("N"), experiment, Text(body, "run_name"),
            body.GetProperty("start_time").GetInt64());
        foreach (var tag in Items(body, "tags", 1000)) run.Tags[Key(tag)] = Limited(Text(tag, "value"), 8000);
        Runs[run.Id] = run;
        return new { run = run.Json() };
    }

    private object Log(HttpRequest request, JsonElement body)
    {
        if (request.ContentLength > 1_000_000)
            throw new Refusal(400, "INVALID_PARAMETER_VALUE", "Batched logging API requests must be at most 1000000 bytes in size.");
        var run = Run(Text(body, "run_id"));
        var (metrics, parameters, tags) = (Items(body, "metrics", 1000), Items(body, "params", 100), Items(body, "tags", 100));
        if (metrics.Count + parameters.Count + tags.Count > 1000)
            throw new Refusal(400, "INVALID_PARAMETER_VALUE",
                "A batch logging request can contain at most 1000 metrics, params, and tags.");
        foreach (var pair in parameters)
        {
            var (key, value) = (Key(pair), Limited(Text(pair, "value"), 500));
            if (run.Params.TryGetValue(key, out var old) && old != value)
                throw new Refusal(400, "INVALID_PARAMETER_VALUE",
                    $"Changing param values is not allowed. Param with key='{key}' was already logged with value='{old}'.");
            run.Params[key] = value;
        }
        foreach (var tag in tags) run.Tags[Key(tag)] = Limited(Text(tag, "value"), 8000);
        lock (_gate)
            foreach (var metric in metrics)
                run.Metrics.Add(new(Key(metric), metric.GetProperty("value").GetDouble(), metric.GetProperty("timestamp").GetInt64(),
                    metric.GetProperty("step").GetInt64()));
        run.Batches++;
        return new { };
    }

    private object Update(JsonElement body)
    {
        var run = Run(Text(body, "run_id"));
        run.Status = Text(body, "status") is var status && status is "RUNNING" or "SCHEDULED" or "FINISHED" or "FAILED" or "KILLED"
            ? status
            : throw new Refusal(400, "INVALID_PARAMETER_VALUE", $"Invalid value {status} for parameter 'status'");
        run.Statuses.Enqueue(status);
        run.End = body.TryGetProperty("end_time", out var end) ? end.GetInt64() : run.End;
        return new { run_info = new { run_id = run.Id, status } };
    }

    private MlflowStoredRun Run(string id) =>
        Runs.GetValueOrDefault(id) ?? throw new Refusal(404, "RESOURCE_DOES_NOT_EXIST", $"Run with id={id} not found");

    private static List<JsonElement> Items(JsonElement body, string name, int most)
    {
        if (!body.TryGetProperty(name, out var items)) return [];
        return items.GetArrayLength() <= most
            ? [.. items.EnumerateArray()]
            : throw new Refusal(400, "INVALID_PARAMETER_VALUE",
            $"A batch logging request can contain at most {most} {name}. Got {items.GetArrayLength()} {name}. "
            + $"Please split up {name} across multiple requests and try again.");
    }

    private static string Key(JsonElement pair) => Text(pair, "key") is var key && key.Length is > 0 and <= 250
        && key.All(c => char.IsAsciiLetterOrDigit(c) || "_-. :/".Contains(c)) ? key
        : throw new Refusal(400, "INVALID_PARAMETER_VALUE",
        $"Invalid name: '{key}'. Names may only contain alphanumerics, underscores (_), dashes (-), periods "
        + "(.), spaces ( ), colon(:) and slashes (/).");

    private static string Limited(string value, int most) => value.Length <= most
        ? value
        : throw new Refusal(400, "INVALID_PARAMETER_VALUE", $"value had length {value.Length}, which exceeded length limit of {most}");

    private static string Text(JsonElement body, string name) =>
        body.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()!
            : throw new Refusal(400, "INVALID_PARAMETER_VALUE", $"Missing value for required parameter '{name}'.");

    private IResult Answer(Func<object> act)
    {
        try
        {
            lock (_gate) return Results.Json(act());
        }
        catch (Refusal refused)
        {
            if (refused.Code != "RESOURCE_DOES_NOT_EXIST") Refusals.Enqueue(refused.Message);
            return Results.Json(new JsonObject { ["error_code"] = refused.Code, ["message"] = refused.Message },
                statusCode: refused.Status);
        }
    }

    private sealed class Refusal(int status, string code, string message) : Exception(message)
    {
        public int Status => status;

        public string Code => code;
    }
}

/// <summary>A run as the server holds it.</summary>
internal sealed class MlflowStoredRun(string id, string experiment, string name, long start)
{
    public string Id => id;

    public string Experiment => experiment;

    public string Name => name;

    public string Status { get; set; } = "RUNNING";

    public ConcurrentQueue<string> Statuses { get; } = new();

    public long Start => start;

    public long? End { get; set; }

    public int Batches { get; set; }

    public Dictionary<string, string> Tags { get; } = [];

    public Dictionary<string, string> Params { get; } = [];

    public List<MlflowPoint> Metrics { get; } = [];

    /// <summary>As the server answers: of each metric the latest point.</summary>
    public object Json() => new
    {
        info = new { run_id = id, run_name = name, experiment_id = experiment, status = Status, start_time = start },
        data = new { metrics = Metrics.GroupBy(m => m.Key).Select(curve => curve.MaxBy(m => m.Step)!)
        .Select(m => new { key = m.Key, value = m.Value, timestamp = m.Timestamp, step = m.Step }) },
    };
}

/// <summary>A point of a curve.</summary>
internal sealed record MlflowPoint(string Key, double Value, long Timestamp, long Step);
