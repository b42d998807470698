using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace LoraDrop.Storage.Tests;

/// <summary>
/// A PostgreSQL of the tests' own: a new cluster in a folder for temporary files, on a free port that only this machine reaches. It ends
/// with the test process, however that ends, and leaves nothing.
/// </summary>
/// <remarks>
/// It runs below a shell that waits for a line on its input. When the test process is gone, even killed, the input ends; the shell then
/// stops the server and removes the folder. Nothing is forced to the disk (fsync is off), yet what was committed outlives a stop of any
/// kind: only the machine must not fail.
/// </remarks>
internal sealed class PostgresServer : IAsyncDisposable
{
    private const string Keeper = """
        exec >>"$2/log" 2>&1
        trap '' INT TERM HUP
        "$1/postgres" -D "$2/data" -c port="$3" -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off -c full_page_writes=off -c max_connections=300 &
        server=$!
        read -r signal || { signal=QUIT; gone=yes; }
        kill -"$signal" $server
        wait $server
        [ -z "$gone" ] || rm -rf "$2"
        """;

    /// <summary>Tries to start, each on another port: a port that is free may be taken a moment later.</summary>
    private const int Tries = 5;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);
    private static readonly string? Programs = Find();
    private static readonly Lazy<Task<PostgresServer>> OfThisProcess = new(() => NewAsync());

    private readonly ConcurrentDictionary<string, Lazy<Task>> _templates = new();
    private readonly string _folder;
    private readonly int _port;
    private Process? _keeper;
    private int _databases;

    private PostgresServer(string folder, int port) => (_folder, _port) = (folder, port);

    /// <summary>Why there can be none; null where there can.</summary>
    public static string? Missing { get; } =
        Programs is null ? "PostgreSQL is not installed (Debian's package postgresql): neither /usr/lib/postgresql/*/bin nor "
            + "the PATH has its initdb and postgres"
        : Environment.IsPrivilegedProcess && !HasUser() ? "PostgreSQL does not run as root, and there is no user postgres to run it as"
        : null;

    /// <summary>The server that all tests of this process share, each with databases of its own. Skips the test where there can be
    /// none.</summary>
    public static Task<PostgresServer> SharedAsync()
    {
        Assert.SkipWhen(Missing is not null, Missing ?? "");
        return OfThisProcess.Value;
    }

    /// <summary>A server for one test, which may stop it. Skips the test where there can be none.</summary>
    public static Task<PostgresServer> StartAsync()
    {
        Assert.SkipWhen(Missing is not null, Missing ?? "");
        return NewAsync();
    }

    /// <summary>A connection string for a database of this server.</summary>
    public string ConnectionString(string database) =>
        $"Host=127.0.0.1;Port={_port};Username=postgres;Database={database};Maximum Pool Size=40;Timeout=15";

    /// <summary>Makes an empty database.</summary>
    /// <returns>Its connection string.</returns>
    public async Task<string> CreateDatabaseAsync()
    {
        var name = NextName();
        await ExecuteAsync($"CREATE DATABASE {name}");
        return ConnectionString(name);
    }

    /// <summary>Makes a copy of a database that is made once: a copy of finished tables comes faster than the tables.</summary>
    /// <param name="template">Its name: small letters and underscores.</param>
    /// <param name="fill">Given an empty database's connection string, makes what is in it; called once in a process for each name.</param>
    /// <returns>The copy's connection string.</returns>
    public async Task<string> CreateDatabaseAsync(string template, Func<string, Task> fill)
    {
        await _templates.GetOrAdd(template, _ => new(() => MakeTemplateAsync(template, fill))).Value;
        var name = NextName();
        await ExecuteAsync($"CREATE DATABASE {name} TEMPLATE {template}");
        return ConnectionString(name);
    }

    /// <summary>Removes a database, and whoever is connected to it.</summary>
    public Task DropDatabaseAsync(string connectionString) =>
        ExecuteAsync($"DROP DATABASE IF EXISTS {new NpgsqlConnectionStringBuilder(connectionString).Database} WITH (FORCE)");

    /// <summary>Stops the server: connections are cut. Its port answers nobody until it is started again.</summary>
    /// <param name="immediate">As a crash would, without a last word to the files: the next start recovers from the log. Else what is open
    /// is rolled back first.</param>
    public async Task StopAsync(bool immediate = false)
    {
        if (_keeper is null) return;
        await _keeper.StandardInput.WriteLineAsync(immediate ? "QUIT" : "INT");
        await EndedAsync();
    }

    /// <summary>Starts a stopped server on its old port, and waits until it answers.</summary>
    public async Task StartAgainAsync()
    {
        if (!await TryStartAsync()) throw new InvalidOperationException($"PostgreSQL does not start again:\n{await LogAsync()}");
    }

    public async Task RestartAsync(bool immediate = false)
    {
        await StopAsync(immediate);
        await StartAgainAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_keeper is null) Directory.Delete(_folder, recursive: true);
        else
        {
            _keeper.StandardInput.Close();
            await EndedAsync();
        }
    }

    private static async Task<PostgresServer> NewAsync()
    {
        var folder = Directory.CreateTempSubdirectory("loradrop-postgres-").FullName;
        if (Environment.IsPrivilegedProcess) await RunAsync("chown", "postgres", folder);
        await RunAsync([.. AsItsUser, Path.Combine(Programs!, "initdb"), "-D", Path.Combine(folder, "data"), "-U", "postgres", "-A",
            "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions"]);
        for (var tries = 1; ; tries++)
        {
            var server = new PostgresServer(folder, FreePort());
            if (await server.TryStartAsync()) return server;
            if (tries == Tries) throw new InvalidOperationException($"PostgreSQL does not start:\n{await server.LogAsync()}");
        }
    }

    private async Task<bool> TryStartAsync()
    {
        File.Delete(Log); // what an earlier start said
        _keeper = Start([.. AsItsUser, "sh", "-c", Keeper, "sh", Programs!, _folder, _port.ToString()]);
        var waited = Stopwatch.StartNew();
        while (waited.Elapsed < Patience)
        {
            if (await AnswersAsync()) return true;
            if ((await LogAsync()).Contains("could not bind")) break;
            await Task.Delay(30);
        }
        await _keeper.StandardInput.WriteLineAsync("QUIT");
        await EndedAsync();
        return false;
    }

    private async Task<bool> AnswersAsync()
    {
        try
        {
            await ExecuteAsync("SELECT 1");
            return true;
        }
        catch (NpgsqlException)
        {
            return false; // not yet
        }
    }

    private async Task MakeTemplateAsync(string template, Func<string, Task> fill)
    {
        await ExecuteAsync($"CREATE DATABASE {template}");
        await fill(ConnectionString(template) + ";Pooling=false"); // a database that somebody is connected to cannot be copied
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(ConnectionString("postgres") + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private string NextName() => $"test_{Interlocked.Increment(ref _databases)}";

    private string Log => Path.Combine(_folder, "log");

    private async Task<string> LogAsync() => File.Exists(Log) ? await File.ReadAllTextAsync(Log) : "";

    private async Task EndedAsync()
    {
        await _keeper!.WaitForExitAsync().WaitAsync(Patience);
        _keeper.Dispose();
        _keeper = null;
    }

    /// <summary>PostgreSQL refuses to run as root.</summary>
    private static string[] AsItsUser => Environment.IsPrivilegedProcess
        ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]
        : [];

    private static bool HasUser() => File.ReadLines("/etc/passwd").Any(line => line.StartsWith("postgres:", StringComparison.Ordinal));

    /// <summary>The folder of the newest programs.</summary>
    private static string? Find()
    {
        const string Debian = "/usr/lib/postgresql";
        var versions = Directory.Exists(Debian) ? Directory.GetDirectories(Debian).OrderByDescending(d =>
            int.TryParse(Path.GetFileName(d), out var version) ? version : 0).Select(d => Path.Combine(d, "bin")) : [];
        return versions.Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(':'))
            .FirstOrDefault(folder => File.Exists(Path.Combine(folder, "initdb")) && File.Exists(Path.Combine(folder, "postgres")));
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static async Task RunAsync(params string[] words)
    {
        using var run = Start(words);
        run.StandardInput.Close();
        var (output, errors) = (run.StandardOutput.ReadToEndAsync(), run.StandardError.ReadToEndAsync());
        await run.WaitForExitAsync().WaitAsync(Patience);
        if (run.ExitCode != 0) throw new InvalidOperationException($"{string.Join(' ', words)} failed:\n{await output}{await errors}");
    }

    private static Process Start(string[] words) => Process.Start(new ProcessStartInfo(words[0], words[1..])
    {
        WorkingDirectory = "/", RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
    })!;
}
