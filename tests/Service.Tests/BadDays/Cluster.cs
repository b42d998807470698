using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.Json;
using Hangfire;
using Hangfire.PostgreSql;
using LoraDrop.Domain;
using LoraDrop.Engine.Tests;
using LoraDrop.Storage;
using LoraDrop.Storage.Tests;
using Npgsql;

namespace LoraDrop.Service.Tests;

/// <summary>
/// The service as it runs in production, made small: an Api, workers, a database and a bucket of its own, each of these behind a proxy that
/// can be told to misbehave. Every answer of the Api is looked at: an error of the server's own fails the test, and so does an outage that
/// does not say what is gone and when to come again.
/// </summary>
internal sealed class Cluster : IAsyncDisposable
{
    public const string WorkFolder = "LORADROP_WORKER__WORKFOLDER", CacheFolder = "LORADROP_WORKER__CACHEFOLDER",
        LeaseLength = "LORADROP_LEASES__LENGTH";

    /// <summary>Short, so that little is waited for; the queue's is the shortest that the setting takes.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(3), Invisibility = TimeSpan.FromSeconds(10);

    private readonly TestFolder _folder = new();
    private readonly HttpClient _http;
    private readonly ConcurrentBag<string> _outages = [];
    private readonly Ground _ground;
    private readonly S3Server _s3;

    private Cluster(Ground ground, PostgresServer postgres, S3Server s3, string database)
    {
        (_ground, _s3, Postgres, DirectDatabase, Bucket) = (ground, s3, postgres, database, s3.NewBucket());
        var direct = new NpgsqlConnectionStringBuilder(database);
        (ToDatabase, ToStore) = (new(direct.Port), new(s3.Port));
        Url = $"http://127.0.0.1:{FreePort()}";
        Settings = new()
        {
            ["LORADROP_DATABASE__CONNECTIONSTRING"] =
                $"Host=127.0.0.1;Port={ToDatabase.Port};Username={direct.Username};Database={direct.Database}",
            ["LORADROP_OBJECTS__BUCKET"] = Bucket, ["LORADROP_OBJECTS__ENDPOINT"] = ToStore.Endpoint,
            ["LORADROP_OBJECTS__ACCESSKEY"] = S3Server.AccessKey, ["LORADROP_OBJECTS__SECRETKEY"] = S3Server.SecretKey,
            ["LORADROP_OBJECTS__REQUESTTIMEOUT"] = "2s",
            [LeaseLength] = Lease.ToString(), ["LORADROP_SOURCES__FOLDERS__0"] = Path.GetDirectoryName(ground.Tiny.Model)!,
            ["LORADROP_QUEUE__INVISIBILITYTIMEOUT"] = Invisibility.ToString(), ["LORADROP_API__URLS"] = Url,
            ["LORADROP_WORKER__THREADS"] = "1", ["LORADROP_WORKER__STOPGRACE"] = "10s",
        };
        _http = new() { BaseAddress = new(Url), Timeout = TimeSpan.FromSeconds(40) };
        Api = new("api", Settings, "api");
    }

    public Dictionary<string, string> Settings { get; }

    public PostgresServer Postgres { get; }

    /// <summary>Past the proxy.</summary>
    public string DirectDatabase { get; }

    public string Bucket { get; }

    public string Url { get; }

    public FaultyProxy ToDatabase { get; }

    public FaultyProxy ToStore { get; }

    public Node Api { get; }

    public List<Node> Workers { get; } = [];

    /// <summary>The codes of the outages that requests were answered with so far.</summary>
    public IReadOnlyCollection<string> Outages => _outages;

    /// <summary>What all hosts wrote.</summary>
    public string Written => string.Join('\n', Workers.Append(Api).Select(node => node.Written));

    /// <summary>Starts Api and workers, with the tiny model as <c>tiny</c> and its data as <c>moods</c>.</summary>
    /// <param name="ground">The servers.</param>
    /// <param name="workers">How many, each with the default settings; a test can add others.</param>
    /// <param name="strict">As of <see cref="Ground.S3Async"/>.</param>
    public static async Task<Cluster> StartAsync(Ground ground, int workers = 2, bool strict = false)
    {
        var (postgres, s3) = (await ground.PostgresAsync(), await ground.S3Async(strict));
        var cluster = new Cluster(ground, postgres, s3, await postgres.CreateDatabaseAsync("service_tables", MigrateAsync));
        try
        {
            cluster.Api.Start();
            for (var n = 0; n < workers; n++) cluster.AddWorker();
            await cluster.Api.AtWorkAsync();
            await cluster.AddInputsAsync();
            foreach (var worker in cluster.Workers) await worker.AtWorkAsync();
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>What a job adds to ask for one worker.</summary>
    public static string On(Node worker) => $"\"worker\": {{\"labels\": {{\"node\": \"{worker.Name}\"}}}}";

    /// <summary>Starts one more worker, with its name as the label <c>node</c>; does not wait until it is at work.</summary>
    public Node AddWorker(params (string Name, string Value)[] settings)
    {
        var name = $"worker-{Workers.Count + 1}";
        var own = new Dictionary<string, string>(Settings) { [WorkFolder] = _folder.At(name), [CacheFolder] = _folder.At("cache"),
            ["LORADROP_WORKER__LABELS__node"] = name };
        foreach (var (setting, value) in settings) own[setting] = value;
        var node = new Node(name, own, "worker");
        Workers.Add(node);
        node.Start();
        return node;
    }

    /// <summary>Puts right what a test did: no job at work, and so many workers, all at work.</summary>
    public async Task CalmAsync(int workers)
    {
        (ToDatabase.Trouble, ToStore.Trouble) = (new Trouble.None(), new Trouble.None());
        foreach (var node in Workers.Skip(workers).ToList())
        {
            await node.DisposeAsync();
            Workers.Remove(node);
        }
        _outages.Clear();
        foreach (var node in Workers.Append(Api))
        {
            await node.ThawAsync();
            if (node.Process.HasExited) node.Start();
        }
        foreach (var node in Workers.Append(Api)) await node.AtWorkAsync();
        foreach (var row in await RowsAsync("SELECT id FROM jobs WHERE status IN ('queued', 'running', 'paused')"))
        {
            await TryAsync(HttpMethod.Post, $"/jobs/{row[0]}/cancel");
            await UntilAsync(() => TryAsync(HttpMethod.Get, $"/jobs/{row[0]}"), IsEnded);
        }
    }

    /// <summary>A request that must be answered well.</summary>
    public async Task<JsonElement> AskAsync(HttpMethod method, string path, HttpContent? body = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body };
        using var answer = await _http.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, $"{method} {path}: {answer.StatusCode}\n{text}\n{Written}");
        return text.Length == 0 ? default : JsonDocument.Parse(text).RootElement;
    }

    /// <summary>The same while the Api may be gone, or what it needs: null then. Anything but a clear word fails the test.</summary>
    public async Task<JsonElement?> TryAsync(HttpMethod method, string path, Func<HttpContent>? body = null)
    {
        try
        {
            using var request = new HttpRequestMessage(method, path) { Content = body?.Invoke() };
            using var answer = await _http.SendAsync(request);
            var text = await answer.Content.ReadAsStringAsync();
            if (answer.IsSuccessStatusCode) return JsonDocument.Parse(text).RootElement;
            Assert.True(answer.StatusCode == HttpStatusCode.ServiceUnavailable,
                $"{method} {path}: {answer.StatusCode}\n{text}\n{Api.Written}");
            var code = JsonDocument.Parse(text).RootElement.GetProperty("code").GetString()!;
            Assert.True(code is "database_unreachable" or "store_unreachable" && answer.Headers.RetryAfter?.Delta is not null,
                $"{method} {path}: {answer}\n{text}");
            _outages.Add(code);
            return null;
        }
        catch (HttpRequestException)
        {
            return null; // the Api is being started again
        }
    }

    /// <summary>Submits a job, as often as it takes; its id.</summary>
    public async Task<string> SubmitAsync(TinyJob job, string more = "")
    {
        var json = job.Json("tiny", "moods", more);
        return (await UntilAsync(() => TryAsync(HttpMethod.Post, "/jobs", () => new StringContent(json, null, "application/json")),
            _ => true)).Text("id");
    }

    public Task<JsonElement> AskJobAsync(string id, string? verb = null) =>
        verb is null ? AskAsync(HttpMethod.Get, $"/jobs/{id}") : AskAsync(HttpMethod.Post, $"/jobs/{id}/{verb}");

    /// <summary>Looks at a job until it is so; one that ends otherwise never will be.</summary>
    public Task<JsonElement> UntilAsync(string id, Func<JsonElement, bool> reached, TimeSpan? within = null) =>
        UntilAsync(() => TryAsync(HttpMethod.Get, $"/jobs/{id}"), job =>
    {
        if (reached(job)) return true;
        Assert.False(IsEnded(job), $"ended as {job}\n{Written}");
        return false;
    }, within);

    /// <summary>Waits for its end, which must be a good one.</summary>
    public Task<JsonElement> SucceededAsync(string id, TimeSpan? within = null) =>
        UntilAsync(id, job => job.Text("status") == "succeeded", within);

    public Task<JsonElement> EndedAsync(string id, string status, TimeSpan? within = null) =>
        UntilAsync(id, job => job.Text("status") == status, within);

    /// <summary>The kinds of a job's events, in their order.</summary>
    public async Task<IReadOnlyList<string>> EventsAsync(string id) =>
        [.. (await RowsAsync("SELECT type FROM events WHERE job_id = $1 ORDER BY id", Guid.Parse(id))).Select(row => (string)row[0])];

    /// <summary>All that the rows say of a job, but which of its events the Api has yet to tell to webhooks.</summary>
    public async Task<IReadOnlyList<string>> RowsOfJobAsync(string id)
    {
        var rows = new List<string>();
        foreach (var table in new[] { "jobs", "stages", "events", "metrics", "checkpoints", "artifacts" })
            rows.AddRange(
                (await RowsAsync(
                $"SELECT (to_jsonb(t) - 'untold')::text FROM {table} t WHERE {(table == "jobs" ? "id" : "job_id")} = $1 ORDER BY 1",
                Guid.Parse(id))).Select(row => $"{table} {row[0]}"));
        return rows;
    }

    /// <summary>The process that works on a job, when one does.</summary>
    public async Task<int> ChildOfAsync(string id) =>
        (await ChildrenAsync(children => children.Count > 0, () => [.. Workers.SelectMany(node => node.ChildrenOf(id))]))[0];

    /// <summary>Waits until the processes that work for the workers are so.</summary>
    public Task<IReadOnlyList<int>> ChildrenAsync(Func<IReadOnlyList<int>, bool> reached, Func<IReadOnlyList<int>>? of = null,
        TimeSpan? within = null) =>
        UntilAsync(() => Task.FromResult(of?.Invoke() ?? (IReadOnlyList<int>?)[.. Workers.SelectMany(node => node.Children)]), reached,
            within, () => Written);

    /// <summary>What the database itself says, past the proxy.</summary>
    public async Task<IReadOnlyList<object[]>> RowsAsync(string sql, params object[] parameters)
    {
        await using var database = new NpgsqlConnection($"{DirectDatabase};Pooling=false"); // the server may have been restarted since
        await database.OpenAsync();
        await using var command = new NpgsqlCommand(sql, database);
        foreach (var parameter in parameters) command.Parameters.Add(new() { Value = parameter });
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<object[]>();
        while (await reader.ReadAsync())
        {
            var row = new object[reader.FieldCount];
            reader.GetValues(row);
            rows.Add(row);
        }
        return rows;
    }

    /// <summary>Each job was done once, and left the bytes of an undisturbed run.</summary>
    public async Task AssertUndisturbedAsync(params (string Id, TinyJob Job)[] jobs)
    {
        foreach (var (id, job) in jobs)
        {
            await SucceededAsync(id);
            Assert.Single(await EventsAsync(id), type => type == "succeeded");
            var artifacts = (await AskAsync(HttpMethod.Get, $"/jobs/{id}/artifacts")).GetProperty("items").EnumerateArray()
                .ToDictionary(a => a.Text("name"), a => a.Text("sha256"));
            foreach (var (name, sha256) in await _ground.UndisturbedAsync(job))
            {
                Assert.True(artifacts.GetValueOrDefault(name) == sha256,
                    $"{name} of {id} has not the bytes of an undisturbed run\n{Written}");
                Assert.Equal(sha256,
                    Convert.ToHexStringLower(SHA256.HashData(await _http.GetByteArrayAsync($"/jobs/{id}/artifacts/{name}"))));
            }
        }
    }

    /// <summary>Every row's object is there with the row's content, and after a sweep there is no object without its row.</summary>
    /// <returns>How many objects only the sweep removed.</returns>
    public async Task<int> AssertNothingIsLostOrLeftAsync()
    {
        var named = (await RowsAsync("SELECT key, sha256 FROM artifacts")).ToDictionary(row => (string)row[0], row => (string)row[1]);
        foreach (var files in await RowsAsync(
            "SELECT files FROM checkpoints UNION ALL SELECT files FROM datasets WHERE source = 'upload' UNION "
            + "ALL SELECT files FROM models"))
            foreach (var file in JsonSerializer.Deserialize<List<StoredFile>>((string)files[0], JsonText.Compact)!)
                named[file.Key] = file.Sha256;
        var there = await ObjectsAsync();
        foreach (var (key, sha256) in named)
            Assert.True(there.GetValueOrDefault(key) == sha256,
                $"a row names {key}, and {(there.ContainsKey(key) ? "something else" : "nothing")} is there\n{Written}");
        for (var looks = 0; looks < 10 && there.Keys.Except(named.Keys).Any(); looks++)
        {
            await Task.Delay(200); // whoever ended a job removes what its attempts left
            there = await ObjectsAsync();
        }
        var left = there.Keys.Except(named.Keys).ToList();
        if (left.Count == 0) return 0;
        TestContext.Current.TestOutputHelper?.WriteLine($"left for the sweep: {string.Join(", ", left)}");
        await SweepAsync();
        await UntilAsync(async () => (IReadOnlyList<string>?)[.. (await ObjectsAsync()).Keys.Except(named.Keys)],
            orphans => orphans.Count == 0, why: () => string.Join(", ", left));
        return left.Count;
    }

    /// <summary>The sha256 of every object of the bucket.</summary>
    public async Task<IReadOnlyDictionary<string, string>> ObjectsAsync()
    {
        using var store = new S3ObjectStore(new() { Bucket = Bucket, Endpoint = _s3.Endpoint, AccessKey = S3Server.AccessKey,
            SecretKey = S3Server.SecretKey });
        var there = new Dictionary<string, string>();
        await foreach (var listed in store.ListAsync("", CancellationToken.None))
        {
            if (listed.Key.StartsWith("probe-", StringComparison.Ordinal)) continue; // of readiness
            try
            {
                await using var content = await store.OpenAsync(listed.Key, CancellationToken.None);
                there[listed.Key] = Convert.ToHexStringLower(await SHA256.HashDataAsync(content));
            }
            catch (FileNotFoundException) { } // removed between the list and this look, so it is not there
        }
        return there;
    }

    public static async Task<T> UntilAsync<T>(Func<Task<T?>> look, Func<T, bool> reached, TimeSpan? within = null, Func<string>? why = null)
        where T : class => (await Eventually.UntilAsync(look, state => state is not null && reached(state), why, within))!;

    public async Task<JsonElement> UntilAsync(Func<Task<JsonElement?>> look, Func<JsonElement, bool> reached, TimeSpan? within = null) =>
        (await Eventually.UntilAsync(look, state => state is { } known && reached(known), () => Written, within))!.Value;

    public static bool IsEnded(JsonElement job) => job.Text("status") is "succeeded" or "failed" or "cancelled";

    /// <summary>The steps of the stage that the job is in.</summary>
    public static int Step(JsonElement job) =>
        job.GetProperty("stages").EnumerateArray().Single(s => s.Text("stage") == job.Text("stage")).GetProperty("step").GetInt32();

    /// <summary>The node that has a job's stage; null where none has.</summary>
    public Node? WorkerOf(JsonElement job) =>
        job.GetProperty("stages").EnumerateArray().Select(s => s.TryGetProperty("worker", out var worker) ? worker.GetString() : null)
            .FirstOrDefault(w => w is not null) is { } id
        ? Workers.SingleOrDefault(node => id.Contains($"-{node.Process.Id}-", StringComparison.Ordinal))
        : null;

    public async ValueTask DisposeAsync()
    {
        foreach (var node in Workers.Append(Api)) await node.DisposeAsync();
        await ToDatabase.DisposeAsync();
        await ToStore.DisposeAsync();
        _http.Dispose();
        _folder.Dispose();
    }

    private async Task AddInputsAsync()
    {
        await AskAsync(HttpMethod.Post, "/models",
            new StringContent($$"""{"name": "tiny", "source": "file:{{_ground.Tiny.Model}}"}""", null, "application/json"));
        using var form = new MultipartFormDataContent
        {
            { new StringContent("moods"), "name" },
            { new ByteArrayContent(await File.ReadAllBytesAsync(_ground.Tiny.Files.Train)), "train", "train.tsv" },
            { new ByteArrayContent(await File.ReadAllBytesAsync(_ground.Tiny.Files.Validation!)), "validation", "validation.tsv" },
        };
        await AskAsync(HttpMethod.Post, "/datasets", form);
    }

    /// <summary>Has the sweep done now that the queue's schedule does four times a day.</summary>
    private async Task SweepAsync()
    {
        var options = new PostgreSqlStorageOptions { SchemaName = "hangfire", PrepareSchemaIfNecessary = false };
#pragma warning disable CS0618 // the other way takes a factory of connections
        var storage = new PostgreSqlStorage(DirectDatabase, options);
#pragma warning restore CS0618
        new RecurringJobManager(storage).Trigger("sweep-objects");
        await Task.CompletedTask;
    }

    private static async Task MigrateAsync(string connection)
    {
        await using var migrate =
            HostProcess.Loradrop(new Dictionary<string, string> { ["LORADROP_DATABASE__CONNECTIONSTRING"] = connection }, "db", "migrate");
        Assert.True(await migrate.EndAsync() == 0, migrate.Written);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}

internal static class Fields
{
    public static string Text(this JsonElement json, string field) => json.GetProperty(field).GetString()!;
}
