using LoraDrop.Storage;

namespace LoraDrop.Worker;

/// <summary>Renews the lease of work that writes nothing itself while it runs.</summary>
internal static class LeaseRenewal
{
    /// <summary>Renews until the work is over.</summary>
    /// <param name="every">Time between two renewals.</param>
    /// <param name="renew">Renews the lease; false if it is lost, or the work is not wanted any more.</param>
    /// <param name="outages">Waits while the database does not respond.</param>
    /// <param name="clock">Measures the time.</param>
    /// <param name="lost">Is cancelled then, which stops the work.</param>
    /// <param name="over">Says that the work is over.</param>
    public static async Task KeepAsync(TimeSpan every, Func<Task<bool>> renew, Outages outages, TimeProvider clock,
        CancellationTokenSource lost, CancellationToken over)
    {
        using var beat = new PeriodicTimer(every, clock);
        try
        {
            while (await beat.WaitForNextTickAsync(over))
            {
                if (await outages.WaitOutAsync(renew, over)) continue;
                await lost.CancelAsync();
                return;
            }
        }
        catch (OperationCanceledException) when (over.IsCancellationRequested)
        {
            // The work has ended.
        }
    }
}
