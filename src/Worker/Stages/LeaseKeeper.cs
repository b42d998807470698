using LoraDrop.Storage;

namespace LoraDrop.Worker;

/// <summary>Renews a lease until the attempt ends, even while the attempt fetches gigabytes or waits for a store.</summary>
internal sealed class LeaseKeeper : IAsyncDisposable
{
    private readonly CancellationTokenSource _over = new();
    private readonly Task _keeping;

    public LeaseKeeper(StageLease lease) => _keeping = KeepAsync(lease, _over.Token);

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        await _keeping;
        _over.Dispose();
    }

    private static async Task KeepAsync(StageLease lease, CancellationToken over)
    {
        await Task.Yield();
        var between = lease.Length / LeaseOptions.Renewals;
        using var beat = new PeriodicTimer(between, lease.Clock);
        try
        {
            while (await beat.WaitForNextTickAsync(over))
                if (lease.Silence >= between / 2 && !await lease.RenewAsync(over)) return; // other writes renew it too
        }
        catch (OperationCanceledException) when (over.IsCancellationRequested)
        {
            // The attempt has ended.
        }
    }
}
