using LoraDrop.Domain;

namespace LoraDrop.Storage;

/// <summary>What holds for all jobs of a service.</summary>
public sealed record JobOptions
{
    /// <summary>How long a deleted job can be restored; default 7 d, from 0 s (until the next sweep, four times a day) to 1000 d.</summary>
    public TimeSpan KeepDeleted { get; init; } = TimeSpan.FromDays(7);

    /// <summary>Jobs of one owner that may wait, run or be paused at a time, where the key does not say otherwise; 0 for any number, which
    /// is the default, to 100,000. Does not hold for admins.</summary>
    public int ActivePerOwner { get; init; }

    public IEnumerable<Fault> Faults(string path) =>
        [.. $"{path}:{nameof(KeepDeleted)}".Within(KeepDeleted, TimeSpan.Zero, TimeSpan.FromDays(1000)),
            .. $"{path}:{nameof(ActivePerOwner)}".Within(ActivePerOwner, 0, 100_000)];
}
