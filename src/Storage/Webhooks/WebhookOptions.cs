using LoraDrop.Domain;

namespace LoraDrop.Storage;

/// <summary>Settings for the delivery of webhooks.</summary>
public sealed record WebhookOptions
{
    /// <summary>How long one attempt may take, from the name lookup to the end of the response; default 15 s, from 1 s to 1 min.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long deliveries are kept, to be read and replayed; default 30 d, from 1 d to 1000 d.</summary>
    public TimeSpan KeepDeliveries { get; init; } = TimeSpan.FromDays(30);

    /// <summary>Maximum number of webhooks per owner; default 20, from 0 (webhooks are disabled) to 1000.</summary>
    public int MostPerOwner { get; init; } = 20;

    /// <summary>Maximum number of concurrent attempts per process; default 32, from 1 to 1000. One receiver gets at most a quarter of them,
    /// and at least one.</summary>
    public int MostAtOnce { get; init; } = 32;

    /// <summary>Time between two polls of the rows; default 1 s.</summary>
    [NotASetting]
    public TimeSpan LookEvery { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long attempts in flight may take when the process stops; default 5 s. Then they are cancelled, and another process
    /// repeats them.</summary>
    [NotASetting]
    public TimeSpan StopGrace { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Maximum number of concurrent attempts per process and receiver.</summary>
    public int MostAtOneReceiver => Math.Max(1, MostAtOnce / 4);

    /// <summary>Lease of a delivery in flight: when it expires, another process sends it again. Longer than any attempt takes.</summary>
    public TimeSpan Lease => Timeout + TimeSpan.FromSeconds(45);

    public IEnumerable<Fault> Faults(string path) =>
    [
        .. $"{path}:{nameof(Timeout)}".Within(Timeout, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1)),
        .. $"{path}:{nameof(KeepDeliveries)}".Within(KeepDeliveries, TimeSpan.FromDays(1), TimeSpan.FromDays(1000)),
        .. $"{path}:{nameof(MostPerOwner)}".Within(MostPerOwner, 0, 1000), .. $"{path}:{nameof(MostAtOnce)}".Within(MostAtOnce, 1, 1000),
    ];
}
