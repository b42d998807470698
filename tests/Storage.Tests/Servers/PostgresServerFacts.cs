using Npgsql;

namespace LoraDrop.Storage.Tests;

/// <summary>What tests of outages build on.</summary>
public sealed class PostgresServerFacts
{
    [Fact]
    public async Task What_was_committed_outlives_a_crash_and_nobody_is_answered_meanwhile()
    {
        await using var server = await PostgresServer.StartAsync();
        var database = await server.CreateDatabaseAsync();
        await ExecuteAsync(database, "CREATE TABLE kept AS SELECT 1 AS one");
        await server.StopAsync(immediate: true);
        await Assert.ThrowsAsync<NpgsqlException>(() => ExecuteAsync(database, "SELECT 1"));
        await server.StartAgainAsync();
        await ExecuteAsync(database, "INSERT INTO kept VALUES (2)");
        await server.RestartAsync();
        await ExecuteAsync(database, "DROP TABLE kept");
    }

    private static async Task ExecuteAsync(string database, string sql)
    {
        await using var connection = new NpgsqlConnection(database + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
