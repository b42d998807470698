using LoraDrop.Domain;
using LoraDrop.Storage;

namespace LoraDrop.Worker;

/// <summary>Settings of a worker.</summary>
public sealed record WorkerOptions
{
    /// <summary>Two labels are added automatically (<see cref="Machine"/>).</summary>
    private const int MostLabels = WorkerDemand.MostLabels - 2;

    /// <summary>Concurrent stages on a CPU; default 1, at most 64. Each uses all threads. With cuda, one per GPU.</summary>
    public int Slots { get; init; } = 1;

    /// <summary>cpu or cuda; default cpu.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>CPU threads per stage; default all, at most 1024.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>The command that starts a child process; default the running program.</summary>
    [NotASetting]
    public IReadOnlyList<string> ChildCommand { get; init; } = RunningProgram();

    /// <summary>Time limit for validating a dataset or model; default 10 min, 1 s to 1 d. A hostile file could make a reader run
    /// forever.</summary>
    public TimeSpan InspectionTime { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Memory limit for validation, in bytes; default 4 GiB, 16 MiB to 1 TiB.</summary>
    public long InspectionMemory { get; init; } = 4L << 30;

    /// <summary>Grace period for a child to save and exit before it is killed; default 20 s, 1 s to 1 h.</summary>
    public TimeSpan StopGrace { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How long a child that has ended a stage well waits for another one that fits: of the same owner, on the same model and
    /// device; default 30 s, 0 s to 1 h. 0 s ends it at once.</summary>
    public TimeSpan WarmFor { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Predictions that are answered at the same time, beside stages; default 1, 0 to 64. Each keeps a model in memory, and shares
    /// the device with stages. 0: this worker answers none.</summary>
    public int PredictionSlots { get; init; } = 1;

    /// <summary>How long a child keeps a job's model for further predictions; default 60 s, 0 s to 1 h. 0 s ends it at once.</summary>
    public TimeSpan PredictionIdle { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Labels that jobs can require; default none, at most 6. <c>device</c>, and <c>gpu</c> if there is one, are added
    /// automatically.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>Memory of the device in GiB, compared with the estimated need of jobs; default that of the machine or smallest
    /// GPU.</summary>
    public double? MemoryGiB { get; init; }

    /// <summary>Absolute path of a work folder on a local disk; default in the temporary folder. Each process has its own subfolder and
    /// removes those of dead ones.</summary>
    public string WorkFolder { get; init; } = Path.Combine(Path.GetTempPath(), $"loradrop-{Environment.UserName}");

    /// <summary>Absolute path of a cache folder for fetched models and datasets; default <c>$XDG_CACHE_HOME/loradrop</c>, else
    /// <c>~/.cache/loradrop</c>. Workers on a machine may share it.</summary>
    public string CacheFolder { get; init; } = Path.Combine(CacheHome(), "loradrop");

    /// <summary>Maximum size of the cache in GiB; default 50, 1 to 100000.</summary>
    public double CacheGiB { get; init; } = 50;

    /// <summary>Address that serves the worker's health, such as http://0.0.0.0:5081; default none.</summary>
    public string? HealthUrl { get; init; }

    public IEnumerable<Fault> Faults(string path)
    {
        foreach (var fault in $"{path}:{nameof(Slots)}".Within(Slots, 1, 64)) yield return fault;
        if (Device is not ("cpu" or "cuda")) yield return new($"{path}:{nameof(Device)}", $"must be cpu or cuda; got \"{Device}\"");
        foreach (var fault in $"{path}:{nameof(Threads)}".Within(Threads, 1, 1024)) yield return fault;
        foreach (var fault in $"{path}:{nameof(InspectionTime)}".Within(InspectionTime, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1)))
            yield return fault;
        foreach (var fault in $"{path}:{nameof(InspectionMemory)}".Within(InspectionMemory, 16L << 20, 1L << 40)) yield return fault;
        foreach (var fault in $"{path}:{nameof(StopGrace)}".Within(StopGrace, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1)))
            yield return fault;
        foreach (var fault in $"{path}:{nameof(WarmFor)}".Within(WarmFor, TimeSpan.Zero, TimeSpan.FromHours(1))) yield return fault;
        foreach (var fault in $"{path}:{nameof(PredictionSlots)}".Within(PredictionSlots, 0, 64)) yield return fault;
        foreach (var fault in $"{path}:{nameof(PredictionIdle)}".Within(PredictionIdle, TimeSpan.Zero, TimeSpan.FromHours(1)))
            yield return fault;
        if (Labels.Count > MostLabels)
            yield return new($"{path}:{nameof(Labels)}", $"has {Labels.Count} labels; at most {MostLabels} are allowed");
        if (MemoryGiB is { } memory && memory is not (> 0 and <= 100_000))
            yield return new($"{path}:{nameof(MemoryGiB)}", $"must lie in (0, 100000]; got {memory}");
        foreach (var fault in $"{path}:{nameof(WorkFolder)}".AbsoluteFolder(WorkFolder)) yield return fault;
        foreach (var fault in $"{path}:{nameof(CacheFolder)}".AbsoluteFolder(CacheFolder)) yield return fault;
        if (CacheGiB is not (>= 1 and <= 100_000))
            yield return new($"{path}:{nameof(CacheGiB)}", $"must lie in 1 to 100000; got {CacheGiB}");
        if (HealthUrl is not null)
            foreach (var fault in $"{path}:{nameof(HealthUrl)}".Addresses(HealthUrl)) yield return fault;
    }

    /// <summary>The cache folder by the XDG base directory specification; the temporary folder for users without a home.</summary>
    private static string CacheHome() =>
        Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } told ? told
        : Environment.GetFolderPath(Environment.SpecialFolder.UserProfile,
        Environment.SpecialFolderOption.DoNotVerify) is { Length: > 0 } home ? Path.Combine(home, ".cache") : Path.GetTempPath();

    private static IReadOnlyList<string> RunningProgram() =>
        Path.GetFileNameWithoutExtension(Environment.ProcessPath!) == "dotnet"
            ? [Environment.ProcessPath!, Environment.GetCommandLineArgs()[0]]
            : [Environment.ProcessPath!];
}
