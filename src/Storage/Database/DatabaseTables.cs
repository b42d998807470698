using System.Globalization;
using System.Text.RegularExpressions;
using Hangfire.PostgreSql;
using LoraDrop.Domain;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace LoraDrop.Storage;

/// <summary>The tables of a PostgreSQL database: those of jobs, created by migrations, and those of the queue, created by its own
/// scripts.</summary>
/// <remarks>A version of this program works only with exactly its own tables. Older ones are migrated, newer ones are refused and left
/// unchanged.</remarks>
public sealed partial class DatabaseTables(DatabaseOptions options)
{
    /// <summary>The schema of the queue's tables.</summary>
    public const string QueueSchema = "hangfire";

    /// <summary>The advisory lock that lets one migration run at a time: "loradrop" as a number.</summary>
    private const long LockKey = 0x6c6f726164726f70;

    private static readonly int QueueVersion = typeof(PostgreSqlStorage).Assembly.GetManifestResourceNames().Select(name => QueueScript()
        .Match(name)).Where(match => match.Success).Max(match => int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture));

    /// <summary>Not pooled: an idle pooled session would keep the lock for minutes, and other starting hosts would wait for it.</summary>
    private readonly string _connectionString =
        new NpgsqlConnectionStringBuilder(options.Complete("loradrop db", 2)) { Pooling = false }.ConnectionString;

    /// <summary>The database's tables, compared with those that this program knows.</summary>
    /// <param name="Applied">The migrations that are applied.</param>
    /// <param name="Missing">This program's migrations that the database lacks.</param>
    /// <param name="Unknown">The database's migrations that this program does not know.</param>
    /// <param name="Queue">The version of the queue's tables; 0 if there are none.</param>
    public sealed record State(int Applied, IReadOnlyList<string> Missing, IReadOnlyList<string> Unknown, int Queue)
    {
        public bool IsNewer => Unknown.Count > 0 || Queue > QueueVersion;

        public bool IsOlder => Missing.Count > 0 || Queue < QueueVersion;
    }

    /// <exception cref="RefusedInputException">The tables were created by a version before 0.1.0.</exception>
    public async Task<State> GetStateAsync(CancellationToken cancel)
    {
        await using var db = Context();
        var known = db.Database.GetMigrations().ToList();
        await db.Database.OpenConnectionAsync(cancel);
        var applied = (await db.Database.GetAppliedMigrationsAsync(cancel)).ToList();
        OldTables.Refuse("Database", known, applied, "name an empty database");
        return new(applied.Count, [.. known.Except(applied)], [.. applied.Except(known)],
            await QueueVersionAsync((NpgsqlConnection)db.Database.GetDbConnection(), cancel));
    }

    /// <summary>Updates all tables; of several callers at once, one does it and the others find it done.</summary>
    /// <param name="say">Reports each step.</param>
    /// <param name="cancel">Cancels the operation; migrations already applied stay.</param>
    /// <exception cref="RefusedInputException">The tables were created by a newer version of this program, or by one before
    /// 0.1.0.</exception>
    public async Task MigrateAsync(Action<string> say, CancellationToken cancel)
    {
        await using var alone = new NpgsqlConnection(_connectionString);
        await alone.OpenAsync(cancel);
        await LockAsync(alone, say, cancel);
        var before = await GetStateAsync(cancel);
        ThrowIfNewer(before);
        await using (var db = Context()) await db.Database.MigrateAsync(cancel);
        say($"The tables are up to date ({(before.Missing.Count == 1 ? "1 migration" : $"{before.Missing.Count} migrations")} applied).");
        if (before.Queue < QueueVersion) PostgreSqlObjectsInstaller.Install(alone, QueueSchema);
        if (await QueueVersionAsync(alone, cancel) is var queue && queue != QueueVersion)
            throw new InvalidOperationException($"the queue's tables are of version {queue} after an update to {QueueVersion}");
        var change = before.Queue == queue ? $"version {queue} already"
            : before.Queue == 0 ? $"version {queue} installed" : $"updated from version {before.Queue} to {queue}";
        say($"The queue's tables are up to date ({change}).");
    }

    public static void ThrowIfNewer(State state)
    {
        if (state.IsNewer)
            throw new RefusedInputException("Database", "its tables were made by a newer version of this program "
                + $"({(state.Unknown.Count > 0 ? string.Join(", ", state.Unknown) : $"queue version {state.Queue}")}); "
                + "update this program");
    }

    private PostgresJobsContext Context()
    {
        var context = new DbContextOptionsBuilder<PostgresJobsContext>();
        PostgresJobsContext.Configure(context, _connectionString);
        return new(context.Options);
    }

    /// <summary>Held by the session, so that it is released when the process ends, however it ends.</summary>
    private static async Task LockAsync(NpgsqlConnection connection, Action<string> say, CancellationToken cancel)
    {
        await using var attempt = new NpgsqlCommand("SELECT pg_try_advisory_lock($1)",
            connection) { Parameters = { new() { Value = LockKey } } };
        if (await attempt.ExecuteScalarAsync(cancel) is true) return;
        say("Another migration is running; waiting for it.");
        await using var wait = new NpgsqlCommand("SELECT pg_advisory_lock($1)", connection) { Parameters = { new() { Value = LockKey } },
            CommandTimeout = 0 };
        await wait.ExecuteNonQueryAsync(cancel);
    }

    private static async Task<int> QueueVersionAsync(NpgsqlConnection connection, CancellationToken cancel)
    {
        await using var there = new NpgsqlCommand($"SELECT to_regclass('{QueueSchema}.schema') IS NOT NULL", connection);
        if (await there.ExecuteScalarAsync(cancel) is not true) return 0;
        await using var version = new NpgsqlCommand($"SELECT max(version) FROM {QueueSchema}.schema", connection);
        return await version.ExecuteScalarAsync(cancel) is int installed ? installed : 0;
    }

    [GeneratedRegex(@"\.Install\.v(\d+)\.sql\z")]
    private static partial Regex QueueScript();
}
