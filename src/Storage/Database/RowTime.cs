namespace LoraDrop.Storage;

/// <summary>Time as rows store it.</summary>
internal static class RowTime
{
    /// <summary>The time at the precision of the rows, so that a response built from a new row equals one read back.</summary>
    public static DateTimeOffset GetRowTime(this TimeProvider clock)
    {
        var now = clock.GetUtcNow();
        return now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMicrosecond));
    }
}
