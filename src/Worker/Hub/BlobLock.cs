namespace LoraDrop.Worker;

/// <summary>Lets one download of a blob run at a time, across processes that share the folder.</summary>
/// <remarks>The lock is the operating system's on an open file, so it ends with the process that holds it. The file stays: deleting it
/// could delete one that another process has just locked.</remarks>
internal static class BlobLock
{
    private const int HeldOnLinux = 11;                                // EWOULDBLOCK, of flock
    private const int HeldOnWindows = unchecked((int)0x80070020);      // ERROR_SHARING_VIOLATION

    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(200);

    /// <summary>Waits for the lock; disposing the result releases it.</summary>
    public static async Task<IDisposable> TakeAsync(string path, TimeProvider time, CancellationToken cancel)
    {
        while (true)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException held) when (held.HResult is HeldOnLinux or HeldOnWindows)
            {
                await Task.Delay(BetweenLooks, time, cancel);
            }
        }
    }
}
