using LoraDrop.Storage;

namespace LoraDrop.Worker;

/// <summary>Why an attempt must stop.</summary>
internal enum StopReason
{
    None,

    Cancelled,

    Paused,

    ServiceStops,

    LeaseLost,
}

/// <summary>Watches for reasons to stop an attempt: a user's request, a shutdown, or a lost lease.</summary>
internal sealed class StageWatch : IAsyncDisposable
{
    /// <summary>Polling interval of the row; a stop must reach the child within a step.</summary>
    public static readonly TimeSpan Between = TimeSpan.FromMilliseconds(150);

    private readonly CancellationTokenSource _stop = new(), _over = new();
    private readonly Task _looking;

    public StageWatch(StageLease lease, CancellationToken stopping) => _looking = PollAsync(lease, stopping);

    /// <summary>Cancelled when the attempt must stop; <see cref="Reason"/> is set by then.</summary>
    public CancellationToken Stop => _stop.Token;

    public StopReason Reason { get; private set; }

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        await _looking;
        _over.Dispose();
        _stop.Dispose();
    }

    private async Task PollAsync(StageLease lease, CancellationToken stopping)
    {
        await Task.Yield();
        using var sooner = CancellationTokenSource.CreateLinkedTokenSource(stopping, lease.Lost, _over.Token);
        while (true)
        {
            Reason = await ReasonAsync(lease, stopping, sooner.Token);
            if (Reason != StopReason.None)
            {
                await _stop.CancelAsync();
                return;
            }
            if (_over.IsCancellationRequested) return;
            await Task.Delay(Between, lease.Clock, sooner.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task<StopReason> ReasonAsync(StageLease lease, CancellationToken stopping, CancellationToken cancel)
    {
        if (lease.Lost.IsCancellationRequested) return StopReason.LeaseLost;
        if (stopping.IsCancellationRequested) return StopReason.ServiceStops;
        try
        {
            return await lease.PendingRequestAsync(cancel) switch
            {
                StageRequest.Cancel => StopReason.Cancelled,
                StageRequest.Pause => StopReason.Paused,
                StageRequest.None => StopReason.None,
                null => StopReason.LeaseLost,
            };
        }
        catch (Exception failed) when (failed is OperationCanceledException || Outages.Of(failed) is not null)
        {
            return StopReason.None; // the next poll will tell
        }
    }
}
