namespace LoraDrop.Storage.Tests;

/// <summary>The machine's time, and as much later as a test says.</summary>
internal sealed class TestClock : TimeProvider
{
    private TimeSpan _later;
    private Action? _once;

    public override DateTimeOffset GetUtcNow()
    {
        Interlocked.Exchange(ref _once, null)?.Invoke();
        return System.GetUtcNow() + _later;
    }

    public override long GetTimestamp() => System.GetTimestamp() + (long)(_later.TotalSeconds * TimestampFrequency);

    /// <summary>Does something when the time is next asked for: in the middle of what asks.</summary>
    public void Once(Action act) => _once = act;

    public void Pass(TimeSpan time) => _later += time;
}
