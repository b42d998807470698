namespace LoraDrop.Storage.Tests;

/// <summary>The machine's time, and as much later as a test says.</summary>
internal sealed class TestClock : TimeProvider
{
    private TimeSpan _later;

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + _later;

    public override long GetTimestamp() => System.GetTimestamp() + (long)(_later.TotalSeconds * TimestampFrequency);

    public void Pass(TimeSpan time) => _later += time;
}
