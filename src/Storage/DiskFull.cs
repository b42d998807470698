using Microsoft.Data.Sqlite;

namespace LoraDrop.Storage;

/// <summary>Tells a full disk from other errors, however it comes, and waits for it to end.</summary>
public static class DiskFull
{
    private const int SqliteFull = 13, NoSpaceLeft = 28, QuotaExceeded = 122;

    private static readonly TimeSpan Between = TimeSpan.FromSeconds(2);

    public static bool Says(Exception? error) => error switch
    {
        null => false,
        SqliteException { SqliteErrorCode: SqliteFull } => true,
        IOException io when (io.HResult & 0xFFFF) is NoSpaceLeft or QuotaExceeded => true,
        _ => Says(error.InnerException),
    };

    /// <summary>Makes a change of rows, again and again while there is no room for it: what a row must say is never given up, so no job is lost.</summary>
    /// <param name="write">The change.</param>
    /// <param name="full">Told each time that the disk is full.</param>
    /// <param name="clock">Waits by it.</param>
    /// <param name="stopping">The service ends: the next start finds the row as it is.</param>
    public static async Task<T> WaitOutAsync<T>(Func<Task<T>> write, Action<Exception> full, TimeProvider clock, CancellationToken stopping)
    {
        while (true)
        {
            try
            {
                return await write();
            }
            catch (Exception failed) when (Says(failed))
            {
                full(failed);
                await Task.Delay(Between, clock, stopping);
            }
        }
    }
}
