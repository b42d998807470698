using LoraDrop.Engine.Tests;
using LoraDrop.Storage.Tests;
using Npgsql;

namespace LoraDrop.Service.Tests;

/// <summary>What hosts do about a database that is not as they need it.</summary>
public sealed class DatabaseStartFacts : IDisposable
{
    private readonly TestFolder _folder = new();

    [Fact]
    public async Task Two_migrations_at_once_do_it_once()
    {
        var settings = Settings(await (await PostgresServer.SharedAsync()).CreateDatabaseAsync());
        await using (var one = HostProcess.Loradrop(settings, "db", "migrate"))
        await using (var other = HostProcess.Api(settings, "db", "migrate"))
        {
            Assert.True((0, 0) == (await one.EndAsync(), await other.EndAsync()), one.Written + other.Written);
            Assert.Single($"{one.Written}\n{other.Written}".Split('\n'),
                line => line.StartsWith("The queue's tables are up to date (version ", StringComparison.Ordinal)
                && line.EndsWith(" installed).", StringComparison.Ordinal));
        }
        await using var again = HostProcess.Loradrop(settings, "db", "migrate");
        Assert.Equal(0, await again.EndAsync());
        Assert.Contains("The tables are up to date (0 migrations applied).", again.Written);
    }

    [Fact]
    public async Task Without_its_tables_a_host_does_not_start_unless_it_may_make_them()
    {
        var settings = Settings(await (await PostgresServer.SharedAsync()).CreateDatabaseAsync());
        await using var api = HostProcess.Api(settings);
        Assert.Equal(2, await api.EndAsync());
        Assert.Contains("run loradrop db migrate", api.Written);
        await using var maker =
            HostProcess.Api(new Dictionary<string, string>(settings) { ["LORADROP_DATABASE__MIGRATEATSTART"] = "true" });
        await maker.AddressAsync();
        Assert.Equal(0, await maker.TerminateAsync());
    }

    [Fact]
    public async Task Tables_of_a_newer_version_are_refused_and_left_as_they_are()
    {
        var connection = await (await PostgresServer.SharedAsync()).CreateDatabaseAsync();
        var settings = Settings(connection);
        await using (var migrate = HostProcess.Api(settings, "db", "migrate")) Assert.Equal(0, await migrate.EndAsync());
        await using (var database = new NpgsqlConnection(connection))
        {
            await database.OpenAsync();
            await using var newer = new NpgsqlCommand("""INSERT INTO "__EFMigrationsHistory" VALUES ('29990101000000_Telepathy', '99.0')""",
                database);
            await newer.ExecuteNonQueryAsync();
        }
        foreach (var host in new[] { HostProcess.Api(settings), HostProcess.Worker(settings),
            HostProcess.Loradrop(settings, "db", "migrate") })
        {
            Assert.Equal(2, await host.EndAsync());
            Assert.Contains("its tables were made by a newer version of this program (29990101000000_Telepathy); update this program",
                host.Written);
            await host.DisposeAsync();
        }
    }

    [Fact]
    public async Task Tables_of_a_version_before_0_1_0_are_refused_and_left_as_they_are()
    {
        var connection = await (await PostgresServer.SharedAsync()).CreateDatabaseAsync();
        await using var database = new NpgsqlConnection(connection);
        await database.OpenAsync();
        await using (var older = new NpgsqlCommand("""
            CREATE TABLE "__EFMigrationsHistory" (migration_id varchar(150) PRIMARY KEY, product_version varchar(32) NOT NULL);
            INSERT INTO "__EFMigrationsHistory" VALUES ('20261125232522_Initial', '10.0.11');
            """, database)) await older.ExecuteNonQueryAsync();
        var settings = Settings(connection);
        foreach (var host in new[] { HostProcess.Api(settings), HostProcess.Worker(settings),
            HostProcess.Loradrop(settings, "db", "migrate") })
        {
            Assert.Equal(2, await host.EndAsync());
            Assert.Contains("Database: was made by a version before 0.1.0, which this version cannot update: name an empty "
                + "database, after downloading with the old version what you want to keep", host.Written);
            await host.DisposeAsync();
        }
        await using var tables = new NpgsqlCommand("SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'",
            database);
        Assert.Equal(1L, await tables.ExecuteScalarAsync());
    }

    [Fact]
    public async Task A_database_that_is_not_there_is_refused_at_once()
    {
        var postgres = await PostgresServer.SharedAsync();
        await using var api = HostProcess.Api(Settings(postgres.ConnectionString("nowhere")));
        Assert.Equal(2, await api.EndAsync());
        Assert.Contains("has no database nowhere", api.Written);
        Assert.DoesNotContain("   at ", api.Written);
    }

    [Fact]
    public async Task A_database_that_is_down_is_waited_for_until_it_comes_or_the_host_is_told_to_end()
    {
        await using var postgres = await PostgresServer.StartAsync();
        var settings = Settings(await postgres.CreateDatabaseAsync());
        await using (var migrate = HostProcess.Api(settings, "db", "migrate")) Assert.Equal(0, await migrate.EndAsync());
        await postgres.StopAsync();
        await using var api = HostProcess.Api(settings);
        await using var worker = HostProcess.Worker(settings);
        Assert.Contains("cannot be reached: connection refused", await api.SaysAsync("127.0.0.1:"));
        await worker.SaysAsync("Waiting for it");
        Assert.Equal(0, await worker.TerminateAsync());
        await postgres.StartAgainAsync();
        using var http = new HttpClient { BaseAddress = await api.AddressAsync() };
        Assert.Equal("""{"status":"ready","checks":{"database":"ok","objects":"ok"}}""", await http.GetStringAsync("/health/ready"));
    }

    public void Dispose() => _folder.Dispose();

    private Dictionary<string, string> Settings(string connection) => new()
    {
        ["LORADROP_DATABASE__CONNECTIONSTRING"] = connection, ["LORADROP_OBJECTS__FOLDER"] = _folder.At("objects"),
        ["LORADROP_API__URLS"] = "http://127.0.0.1:0",
        ["LORADROP_WORKER__WORKFOLDER"] = _folder.At("work"), ["LORADROP_WORKER__CACHEFOLDER"] = _folder.At("cache"),
    };
}
