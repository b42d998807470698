using LoraDrop.Domain;

namespace LoraDrop.Storage;

/// <summary>Limits of predictions, which hold a request while a worker answers it.</summary>
public sealed record PredictionOptions
{
    /// <summary>Longest time from a request to its answer, with waiting and loading the model; default 2 min, 1 s to 1 h.</summary>
    public TimeSpan Time { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Maximum number of unanswered predictions per owner; 1 to 10,000, default 8.</summary>
    public int MostPerOwner { get; init; } = 8;

    public IEnumerable<Fault> Faults(string path) =>
        [.. $"{path}:{nameof(Time)}".Within(Time, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1)),
            .. $"{path}:{nameof(MostPerOwner)}".Within(MostPerOwner, 1, 10_000)];
}
