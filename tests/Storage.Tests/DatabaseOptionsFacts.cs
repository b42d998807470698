using Npgsql;

namespace LoraDrop.Storage.Tests;

public sealed class DatabaseOptionsFacts
{
    [Fact]
    public void What_a_connection_string_leaves_out_is_the_service_s_and_what_it_says_wins()
    {
        var options = new DatabaseOptions { ConnectionString = "Host=h;Database=d;CommandTimeout=7;ApplicationName=mine",
            CommandTimeout = TimeSpan.FromSeconds(9) };
        var complete = new NpgsqlConnectionStringBuilder(options.Complete("loradrop api", 12, TimeSpan.FromSeconds(3)));
        Assert.Equal((5, 30, 7, 12, "mine", "-c idle_in_transaction_session_timeout=3000"),
            (complete.Timeout, complete.KeepAlive, complete.CommandTimeout, complete.MaxPoolSize, complete.ApplicationName,
            complete.Options));
        Assert.Equal("loradrop api",
            new NpgsqlConnectionStringBuilder(new DatabaseOptions { ConnectionString = "Host=h;Database=d" }.Complete("loradrop api",
            12)).ApplicationName);
    }

    [Fact]
    public async Task A_process_that_is_frozen_in_the_middle_of_a_change_holds_a_job_no_longer_than_it_may_be_silent()
    {
        var postgres = await PostgresServer.SharedAsync();
        var database = await postgres.CreateDatabaseAsync();
        var options = new DatabaseOptions { ConnectionString = database };
        await using var frozen = new NpgsqlConnection(options.Complete("frozen", 4, TimeSpan.FromMilliseconds(300)));
        await using var other = new NpgsqlConnection(database);
        await frozen.OpenAsync();
        await other.OpenAsync();
        await ExecuteAsync(other, "CREATE TABLE t AS SELECT 1 AS id");
        await using var change = await frozen.BeginTransactionAsync();
        await ExecuteAsync(frozen, "SELECT id FROM t FOR UPDATE");
        await ExecuteAsync(other, "SELECT id FROM t FOR UPDATE"); // waits until the server ends the other
        var woken = await Assert.ThrowsAnyAsync<NpgsqlException>(() => ExecuteAsync(frozen, "SELECT 1"));
        Assert.Equal(Outage.Database, Outages.Of(woken));
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
