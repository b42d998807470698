using LoraDrop.Domain;

namespace LoraDrop.Storage;

/// <summary>The queue, which only wakes workers: the rows say what is to be done.</summary>
public sealed record QueueOptions
{
    /// <summary>How long a message whose worker is gone stays hidden; default 5 min, from 10 s to 1 d. Workers at work go on hiding
    /// theirs.</summary>
    public TimeSpan InvisibilityTimeout { get; init; } = TimeSpan.FromMinutes(5);

    public IEnumerable<Fault> Faults(string path) =>
        $"{path}:{nameof(InvisibilityTimeout)}".Within(InvisibilityTimeout, TimeSpan.FromSeconds(10), TimeSpan.FromDays(1));
}
