using LoraDrop.Domain;

namespace LoraDrop.Storage;

/// <summary>Settings for all jobs of a service.</summary>
public sealed record JobOptions
{
    /// <summary>How long a deleted job can be restored; default 7 d, from 0 s (until the next sweep, four times a day) to 1000 d.</summary>
    public TimeSpan KeepDeleted { get; init; } = TimeSpan.FromDays(7);

    /// <summary>Maximum number of waiting, running and paused jobs per owner, unless the key says otherwise; up to 100,000; default 0,
    /// which is unlimited. Admins are exempt.</summary>
    public int ActivePerOwner { get; init; }

    /// <summary>Maximum number of jobs of one experiment, which do not count as jobs of their owner otherwise; 1 to 10,000, default
    /// 500.</summary>
    public int MostPerExperiment { get; init; } = 500;

    /// <summary>Maximum number of unfinished experiments per owner; up to 100,000; default 0, which is unlimited. Admins are
    /// exempt.</summary>
    public int ExperimentsPerOwner { get; init; }

    public IEnumerable<Fault> Faults(string path) =>
        [.. $"{path}:{nameof(KeepDeleted)}".Within(KeepDeleted, TimeSpan.Zero, TimeSpan.FromDays(1000)),
            .. $"{path}:{nameof(ActivePerOwner)}".Within(ActivePerOwner, 0, 100_000),
            .. $"{path}:{nameof(MostPerExperiment)}".Within(MostPerExperiment, 1, 10_000),
            .. $"{path}:{nameof(ExperimentsPerOwner)}".Within(ExperimentsPerOwner, 0, 100_000)];
}
