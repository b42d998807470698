using LoraDrop.Domain;

namespace LoraDrop.Storage;

/// <summary>The queue, which only wakes workers: the rows hold the work.</summary>
public sealed record QueueOptions
{
    /// <summary>How long a message stays hidden after its worker died; default 5 min, from 10 s to 1 d. Live workers keep theirs
    /// hidden.</summary>
    public TimeSpan InvisibilityTimeout { get; init; } = TimeSpan.FromMinutes(5);

    public IEnumerable<Fault> Faults(string path) =>
        $"{path}:{nameof(InvisibilityTimeout)}".Within(InvisibilityTimeout, TimeSpan.FromSeconds(10), TimeSpan.FromDays(1));
}
