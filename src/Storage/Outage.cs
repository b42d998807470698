using LoraDrop.Domain;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace LoraDrop.Storage;

/// <summary>A temporary fault: a full disk, or a database or object store that does not respond.</summary>
public enum Outage
{
    DiskFull,

    Database,

    ObjectStore,
}

/// <summary>Recognizes outages and waits for them to end: writes to rows are retried without limit, so no job is lost.</summary>
public sealed partial class Outages(TimeProvider clock, LeaseOptions leases, ILogger<Outages> log)
{
    private const int SqliteBusy = 5, SqliteLocked = 6;

    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(250), LongestWait = TimeSpan.FromSeconds(5);

    /// <summary>Other workers wait one lease after an outage before they take over a stage, so its owner must try again well
    /// before.</summary>
    private readonly TimeSpan _longestWait =
        leases.Length / LeaseOptions.Renewals < LongestWait ? leases.Length / LeaseOptions.Renewals : LongestWait;

    /// <summary>The outage that caused an error; null for other errors.</summary>
    public static Outage? Of(Exception? error) => error switch
    {
        null => null,
        _ when DiskFull.Says(error) => Outage.DiskFull,
        _ when Any(error, inner => inner is StoreUnreachableException) => Outage.ObjectStore,
        _ when DatabaseFault.Unreachable(error) is not null || Any(error, IsDatabase) => Outage.Database,
        _ => null,
    };

    /// <summary>Repeats an action until no outage interrupts it.</summary>
    /// <param name="act">Must be safe to repeat: if the connection broke, it may already have been done.</param>
    /// <param name="stopping">Cancels the operation.</param>
    public async Task<T> WaitOutAsync<T>(Func<Task<T>> act, CancellationToken stopping)
    {
        for (var wait = FirstWait; ; wait = wait * 2 < _longestWait ? wait * 2 : _longestWait)
        {
            try
            {
                return await act();
            }
            catch (Exception failed) when (Of(failed) is { } outage && !stopping.IsCancellationRequested)
            {
                Waiting(JsonText.NameOf(outage), failed.GetBaseException().Message);
                await Task.Delay(wait, clock, stopping);
            }
        }
    }

    public Task WaitOutAsync(Func<Task> act, CancellationToken stopping) => WaitOutAsync(async () =>
    {
        await act();
        return true;
    }, stopping);

    private static bool Any(Exception error, Func<Exception, bool> says)
    {
        for (Exception? inner = error; inner is not null; inner = inner.InnerException)
            if (says(inner)) return true;
        return false;
    }

    private static bool IsDatabase(Exception error) => error is SqliteException { SqliteErrorCode: SqliteBusy or SqliteLocked };

    [LoggerMessage(1101, LogLevel.Warning, "{Outage}: {Reason} Trying again.")]
    private partial void Waiting(string outage, string reason);
}
