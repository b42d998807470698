using System.Text.Json;
using LoraDrop.Domain;
using LoraDrop.Storage;
using LoraDrop.Storage.Tests;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace LoraDrop.Service.Tests;

/// <summary>A service on PostgreSQL with 100,000 jobs in its table, and the plans by which the database answers it.</summary>
/// <remarks>
/// Their ids grow as those of version 7 do. Nine in ten have succeeded; every tenth failed; the newest are queued and running; a cancelled job, the method lora, the model
/// <c>retired</c> (deleted), the dataset <c>first</c> and the label <c>era:early</c> are found among the oldest only, where a look through all jobs from the newest would be long.
/// The source <c>hf:org/moving</c> was fetched 40 times, a model each, and <c>hf:org/twice</c> twice; 10,000 models and datasets that jobs brought lie above those with a name.
/// </remarks>
public sealed class ManyJobs : IAsyncDisposable
{
    private const double EnoughMilliseconds = 3;

    private const string Rows = """
        INSERT INTO models (id, name, former_name, deleted_at, source, status, version, files, fetched, fetch_total, created_at)
        SELECT ('00000000-0000-7000-8000-' || lpad(m::text, 12, '0'))::uuid,
            CASE WHEN m < 4 THEN 'model-' || m END, CASE WHEN m = 4 THEN 'retired' END, CASE WHEN m = 4 THEN now() END,
            CASE WHEN m >= 10000 THEN 'hf:org/once-' || m WHEN m >= 50 THEN 'hf:org/twice' WHEN m >= 10 THEN 'hf:org/moving' ELSE 'hf:org/model-' || m END, 'ready', 1, '[]', 0, 0, now()
        FROM (SELECT generate_series(0, 4) UNION SELECT generate_series(10, 51) UNION SELECT generate_series(10000, 19999)) AS t(m);

        INSERT INTO datasets (id, name, source, status, version, files, fetched, fetch_total, created_at)
        SELECT ('00000000-0000-7000-8000-' || lpad(d::text, 12, '0'))::uuid, CASE WHEN d = 4 THEN 'first' WHEN d < 4 THEN 'dataset-' || d END, CASE WHEN d > 4 THEN 'hf:org/once-' || d ELSE 'upload' END, 'ready', 1, '[]', 0, 0, now()
        FROM (SELECT generate_series(0, 4) UNION SELECT generate_series(10000, 19999)) AS t(d);

        CREATE TEMPORARY TABLE made AS SELECT i, (lpad(to_hex(i), 12, '0') || '7' || substr(md5(i::text), 1, 3) || '8' || substr(md5(i::text), 4, 15))::uuid AS id,
            CASE WHEN i > 99990 THEN 'running' WHEN i > 99900 THEN 'queued' WHEN i % 10 = 0 THEN 'failed' WHEN i < 30000 AND i % 10 = 1 THEN 'cancelled' ELSE 'succeeded' END AS status
        FROM generate_series(1, 100000) AS t(i);

        INSERT INTO jobs (id, name, status, version, method, settings, service_version, model_id, dataset_id, created_at, result, score)
        SELECT id, 'job ' || i, status, 9, CASE WHEN i < 20000 AND i % 3 = 0 THEN 'lora' ELSE 'lora-drop' END, {0}, '0.1.0',
            ('00000000-0000-7000-8000-' || lpad((CASE WHEN i < 1000 THEN 4 WHEN i % 50 = 7 THEN 10 + i / 50 % 40 WHEN i % 50 = 8 THEN 50 + i / 50 % 2 ELSE i % 4 END)::text, 12, '0'))::uuid,
            ('00000000-0000-7000-8000-' || lpad((CASE WHEN i < 2000 THEN 4 ELSE i / 4 % 4 END)::text, 12, '0'))::uuid,
            now() - (100000 - i) * interval '1 minute', CASE WHEN status = 'succeeded' THEN repeat('r', 300) END, 0.9
        FROM made;

        INSERT INTO stages (job_id, stage, status, attempt, interruptions, step, steps, queued_at)
        SELECT id, 'importance-evaluation', CASE status WHEN 'failed' THEN 'succeeded' ELSE status END, 1, 0, 10, 10, now() FROM made
        UNION ALL
        SELECT id, 'task-adaptation', CASE WHEN status IN ('queued', 'running') THEN 'waiting' ELSE status END, 1, 0, 100, 100, now() FROM made;

        INSERT INTO job_labels (job_id, name, value)
        SELECT id, 'team', 'team-' || i % 7 FROM made
        UNION ALL SELECT id, 'era', CASE WHEN i < 15000 THEN 'early' ELSE 'late' END FROM made
        UNION ALL SELECT id, 'ticket', i::text FROM made WHERE i % 100 = 0;
        """;

    private readonly ReadCommands _reads = new();
    private readonly Lazy<Task<TestService>> _service;
    private string _database = "";

    public ManyJobs() => _service = new(async () =>
    {
        _database = await (await PostgresServer.SharedAsync()).CreateDatabaseAsync();
        var service = await TestService.StartAsync(services => services.AddPostgresRows(_database).ConfigureDbContext<PostgresJobsContext>(options => options.AddInterceptors(_reads)));
        await service.RowsAsync(async db =>
        {
            db.Database.SetCommandTimeout(TimeSpan.FromMinutes(5));
            await db.Database.ExecuteSqlRawAsync(Rows, JobRequest.Parse(Given.Minimal).ToJson());
            return await db.Database.ExecuteSqlRawAsync("VACUUM (ANALYZE)"); // as the server does by itself within a minute
        });
        return service;
    });

    public Task<TestService> ServiceAsync() => _service.Value;

    /// <summary>Asks the service, then the database how it found each part of the answer.</summary>
    public async Task<(JsonElement Answer, IReadOnlyList<Plan> Plans)> AskAsync(string address)
    {
        var service = await ServiceAsync();
        _reads.All.Clear();
        var answer = await service.JsonAsync(address);
        var plans = new List<Plan>();
        foreach (var (text, parameters) in _reads.All.ToList()) plans.Add(await ExplainAsync(text, parameters));
        return (answer, plans);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_service.IsValueCreated || !_service.Value.IsCompletedSuccessfully) return; // skipped
        await (await _service.Value).DisposeAsync();
        await (await PostgresServer.SharedAsync()).DropDatabaseAsync(_database);
    }

    /// <summary>The best of some, as other tests run beside: what the database needs, not what it waits for.</summary>
    private async Task<Plan> ExplainAsync(string sql, IReadOnlyList<object> parameters)
    {
        await using var connection = new NpgsqlConnection(_database);
        await connection.OpenAsync();
        Plan? best = null;
        for (var tries = 0; tries < 25 && best is not { Milliseconds: < EnoughMilliseconds }; tries++)
        {
            await using var command = new NpgsqlCommand($"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", connection);
            foreach (var parameter in parameters) command.Parameters.Add(((ICloneable)parameter).Clone());
            var plan = new Plan(sql, JsonSerializer.Deserialize<JsonElement>((string)(await command.ExecuteScalarAsync())!)[0]);
            if (best is null || plan.Milliseconds < best.Milliseconds) best = plan;
        }
        return best!;
    }
}

/// <summary>How the database answered a command.</summary>
public sealed record Plan(string Sql, JsonElement Explained)
{
    public double Milliseconds => Explained.GetProperty("Planning Time").GetDouble() + Explained.GetProperty("Execution Time").GetDouble();

    /// <summary>The tables that it looked into, and how: <c>Seq Scan jobs</c>, <c>Index Scan stages</c>.</summary>
    public IReadOnlyList<string> Scans => [.. Nodes(Explained.GetProperty("Plan")).Where(n => n.TryGetProperty("Relation Name", out _)).Select(n => $"{n.GetProperty("Node Type").GetString()} {n.GetProperty("Relation Name").GetString()}")];

    public override string ToString() => $"{Milliseconds:F2} ms\n{Sql}\n{Explained}";

    private static IEnumerable<JsonElement> Nodes(JsonElement node) =>
        node.TryGetProperty("Plans", out var below) ? below.EnumerateArray().SelectMany(Nodes).Prepend(node) : [node];
}
