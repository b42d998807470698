using LoraDrop.Domain;
using Npgsql;

namespace LoraDrop.Storage;

/// <summary>The database of the rows, and its connection limits per process.</summary>
public sealed record DatabaseOptions
{
    /// <summary>Seconds until a connection attempt fails.</summary>
    private const int ConnectSeconds = 5;

    /// <summary>Seconds between keepalives on an idle connection, so that one that the network dropped silently is noticed.</summary>
    private const int KeepAliveSeconds = 30;

    /// <summary>Maximum number of the queue's connections, in addition to those of the rows.</summary>
    internal const int QueueConnections = 10;

    /// <summary>Prepared statements per connection: enough for all that a host uses often. Parsing and planning them again took the
    /// database longer than executing most of them.</summary>
    private const int PreparedStatements = 200;

    /// <summary>A PostgreSQL connection string for Npgsql: <c>Host=…;Port=5432;Database=…;Username=…;Password=…</c>. Required. Its other
    /// keywords take precedence over the settings below.</summary>
    public string ConnectionString { get; init; } = "";

    /// <summary>Whether a host migrates the tables when it starts; default false: run <c>loradrop db migrate</c>.</summary>
    public bool MigrateAtStart { get; init; }

    /// <summary>How long one command may take; default 30 s, from 1 s to 1 h.</summary>
    public TimeSpan CommandTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Maximum number of this process's connections for rows; default 20, from 4 to 1000. The queue has up to 10 more. The total
    /// of all hosts must stay below the server's max_connections.</summary>
    public int MaxConnections { get; init; } = 20;

    /// <summary>Omits the values: one is a secret.</summary>
    public override string ToString() => nameof(DatabaseOptions);

    public IEnumerable<Fault> Faults(string path)
    {
        if (ConnectionFault() is { } fault) yield return new($"{path}:{nameof(ConnectionString)}", fault);
        foreach (var wrong in $"{path}:{nameof(CommandTimeout)}".Within(CommandTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1)))
            yield return wrong;
        foreach (var wrong in $"{path}:{nameof(MaxConnections)}".Within(MaxConnections, 4, 1000)) yield return wrong;
    }

    /// <summary>As <see cref="Complete"/>, for rows. Their commands leave no state in a session, and resetting it before every use took as
    /// long as reading a job.</summary>
    internal string CompleteForRows(string application, TimeSpan idle) =>
        new NpgsqlConnectionStringBuilder(Complete(application, MaxConnections, idle)) { NoResetOnClose = true }.ConnectionString;

    /// <summary>The connection string, completed with defaults.</summary>
    /// <param name="application">The name in pg_stat_activity.</param>
    /// <param name="most">The maximum number of connections.</param>
    /// <param name="idle">How long a transaction may be idle. A process that freezes during one keeps its locks, and so blocks a job, until
    /// the server ends it.</param>
    public string Complete(string application, int most, TimeSpan? idle = null)
    {
        var complete = new NpgsqlConnectionStringBuilder(ConnectionString);
        void Default(string name, object value)
        {
            if (!complete.ShouldSerialize(name)) complete[name] = value; // ContainsKey is true of every name that Npgsql knows
        }
        Default("Timeout", ConnectSeconds);
        Default("Keepalive", KeepAliveSeconds);
        Default("Command Timeout", (int)CommandTimeout.TotalSeconds);
        Default("Maximum Pool Size", most);
        Default("Application Name", application);
        Default("Max Auto Prepare", PreparedStatements); // a pooler that hands out connections per transaction may need 0
        if (idle is { } alone) Default("Options", $"-c idle_in_transaction_session_timeout={(long)alone.TotalMilliseconds}");
        return complete.ConnectionString;
    }

    /// <summary>Host and port, database and user, for messages.</summary>
    public (string Server, string Database, string User) Names()
    {
        var parts = new NpgsqlConnectionStringBuilder(ConnectionString);
        return ($"{parts.Host}:{parts.Port}", parts.Database!, parts.Username ?? Environment.UserName);
    }

    /// <summary>The fault of the connection string; it never repeats a value, as one is a password.</summary>
    private string? ConnectionFault()
    {
        const string Wanted = "Host=…;Database=…;Username=…;Password=…";
        if (ConnectionString.Length == 0) return $"is required: {Wanted}";
        if (ConnectionString.Contains("://", StringComparison.Ordinal)) return $"is an address; write {Wanted}";
        try
        {
            var parts = new NpgsqlConnectionStringBuilder(ConnectionString);
            return (parts.Host, parts.Database) switch
            {
                (null or "", _) => $"names no Host; write {Wanted}",
                (_, null or "") => $"names no Database; write {Wanted}",
                _ => null,
            };
        }
        catch (ArgumentException wrong)
        {
            return wrong.ParamName is { Length: > 0 } keyword
                ? $"has a part {keyword}, which PostgreSQL's client does not know or whose value it does not take; write {Wanted}"
                : $"cannot be read; write {Wanted}";
        }
    }
}
