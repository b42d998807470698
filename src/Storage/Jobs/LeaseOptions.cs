using LoraDrop.Domain;

namespace LoraDrop.Storage;

/// <summary>How long a worker has a stage without being heard of.</summary>
public sealed record LeaseOptions
{
    /// <summary>After so long a silence the stage is another worker's; default 60 s, from 2 s to 1 h. Workers at work renew theirs all the
    /// time, so it says how soon a stage goes on after a worker died, and how long an outage of the database may last before work is done
    /// again.</summary>
    public TimeSpan Length { get; init; } = TimeSpan.FromSeconds(60);

    public IEnumerable<Fault> Faults(string path) =>
        $"{path}:{nameof(Length)}".Within(Length, TimeSpan.FromSeconds(2), TimeSpan.FromHours(1));
}
