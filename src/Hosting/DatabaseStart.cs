using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.Extensions.Logging;

namespace LoraDrop.Hosting;

/// <summary>Waits for the database when a host starts, and refuses where waiting cannot help.</summary>
public sealed partial class DatabaseStart(DatabaseOptions options, TimeProvider clock, ILogger<DatabaseStart> log)
{
    private static readonly TimeSpan Between = TimeSpan.FromSeconds(1), BetweenLines = TimeSpan.FromSeconds(5);

    /// <summary>Waits until the database can be used.</summary>
    /// <exception cref="RefusedInputException">The database refuses this program, or its tables are of another version.</exception>
    /// <exception cref="OperationCanceledException">The host is stopping.</exception>
    public Task AwaitTablesAsync(CancellationToken stop) => WithAnswerAsync(async () =>
    {
        var tables = new DatabaseTables(options);
        var state = await tables.GetStateAsync(stop);
        DatabaseTables.ThrowIfNewer(state);
        if (!state.IsOlder) return;
        if (!options.MigrateAtStart)
            throw new RefusedInputException("Database", "its tables are not up to date "
                + $"({(state.Missing.Count > 0 ? $"missing: {string.Join(", ", state.Missing)}" : "those of the queue are older")}): "
                + "run loradrop db migrate");
        await tables.MigrateAsync(Migrated, stop);
    }, stop);

    /// <summary>Updates the tables as soon as the database answers.</summary>
    public Task MigrateAsync(Action<string> say, CancellationToken stop) =>
        WithAnswerAsync(() => new DatabaseTables(options).MigrateAsync(say, stop), stop);

    private async Task WithAnswerAsync(Func<Task> act, CancellationToken stop)
    {
        for (long? said = null; ;)
        {
            stop.ThrowIfCancellationRequested();
            try
            {
                await act();
                if (said is not null) Reached(options.Names().Server);
                return;
            }
            catch (Exception failed) when (!stop.IsCancellationRequested && DatabaseFault.UnreachableAtOpening(failed) is { } reason)
            {
                if (said is null || clock.GetElapsedTime(said.Value) >= BetweenLines)
                {
                    said = clock.GetTimestamp();
                    Waiting(options.Names().Server, reason);
                }
            }
            catch (Exception failed) when (DatabaseFault.Refusal(failed, options) is { } refusal)
            {
                throw new RefusedInputException(SettingName.Of("Database:ConnectionString"), refusal);
            }
            await Task.Delay(Between, clock, stop);
        }
    }

    [LoggerMessage(1201, LogLevel.Warning, "The database at {Server} cannot be reached: {Reason}. Waiting for it.")]
    private partial void Waiting(string server, string reason);

    [LoggerMessage(1202, LogLevel.Information, "The database at {Server} answers")]
    private partial void Reached(string server);

    [LoggerMessage(1203, LogLevel.Information, "{Done}")]
    private partial void Migrated(string done);
}
