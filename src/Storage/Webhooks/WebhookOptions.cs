using LoraDrop.Domain;

namespace LoraDrop.Storage;

/// <summary>How webhooks are delivered.</summary>
public sealed record WebhookOptions
{
    /// <summary>How long one attempt may take in all, from the lookup of the name to the end of the answer; default 15 s, from 1 s to 1
    /// min.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long deliveries can be read and sent again; default 30 d, from 1 d to 1000 d.</summary>
    public TimeSpan KeepDeliveries { get; init; } = TimeSpan.FromDays(30);

    /// <summary>Webhooks that one owner may have; default 20, from 0 (then nobody may have any) to 1000.</summary>
    public int MostPerOwner { get; init; } = 20;

    /// <summary>Attempts of one process that may be on their way; default 32, from 1 to 1000. A receiver that is slow has at most a quarter
    /// of them, at least one.</summary>
    public int MostAtOnce { get; init; } = 32;

    /// <summary>Time between two reads of the rows; default 1 s.</summary>
    [NotASetting]
    public TimeSpan LookEvery { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long attempts in flight may take when the process stops; default 5 s. Then they are cancelled, and another process
    /// repeats them.</summary>
    [NotASetting]
    public TimeSpan StopGrace { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Attempts of one process that may be on their way to one receiver.</summary>
    public int MostAtOneReceiver => Math.Max(1, MostAtOnce / 4);

    /// <summary>How long whoever sends a delivery may be silent; then another sends it again. Longer than any attempt takes.</summary>
    public TimeSpan Lease => Timeout + TimeSpan.FromSeconds(45);

    public IEnumerable<Fault> Faults(string path) =>
    [
        .. $"{path}:{nameof(Timeout)}".Within(Timeout, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1)),
        .. $"{path}:{nameof(KeepDeliveries)}".Within(KeepDeliveries, TimeSpan.FromDays(1), TimeSpan.FromDays(1000)),
        .. $"{path}:{nameof(MostPerOwner)}".Within(MostPerOwner, 0, 1000), .. $"{path}:{nameof(MostAtOnce)}".Within(MostAtOnce, 1, 1000),
    ];
}
