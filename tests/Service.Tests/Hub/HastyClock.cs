using System.Collections.Concurrent;

namespace LoraDrop.Service.Tests;

/// <summary>A clock on which a thousand seconds of waiting take one; it keeps what it was asked to wait for.</summary>
internal sealed class HastyClock : TimeProvider
{
    private const int Haste = 1000;

    public ConcurrentQueue<TimeSpan> Waits { get; } = [];

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        Waits.Enqueue(dueTime);
        return base.CreateTimer(callback, state, dueTime < TimeSpan.Zero ? dueTime : dueTime / Haste, period);
    }
}
