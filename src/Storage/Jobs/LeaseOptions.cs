using LoraDrop.Domain;

namespace LoraDrop.Storage;

/// <summary>How long a worker keeps a stage without a heartbeat.</summary>
public sealed record LeaseOptions
{
    /// <summary>Renewals per lease duration.</summary>
    public const int Renewals = 6;

    /// <summary>The lease of a stage; default 60 s, from 2 s to 1 h. Workers renew theirs all the time. It sets how soon a stage continues
    /// after its worker died, and how long a database outage may last before work is repeated.</summary>
    public TimeSpan Length { get; init; } = TimeSpan.FromSeconds(60);

    public IEnumerable<Fault> Faults(string path) =>
        $"{path}:{nameof(Length)}".Within(Length, TimeSpan.FromSeconds(2), TimeSpan.FromHours(1));
}
