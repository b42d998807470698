using LoraDrop.Domain;
using LoraDrop.Storage;

namespace LoraDrop.Worker;

/// <summary>What a worker's machine gives: apart from what a job asks for.</summary>
public sealed record WorkerOptions
{
    /// <summary>Two come by themselves (<see cref="Machine"/>).</summary>
    private const int MostLabels = WorkerDemand.MostLabels - 2;

    /// <summary>Stages at a time on a CPU; default 1, at most 64. Each takes all threads. With cuda there is one for each GPU.</summary>
    public int Slots { get; init; } = 1;

    /// <summary>cpu or cuda; default cpu.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>CPU threads of a stage; default all, at most 1024.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>How this program is started again for a child; default the running program.</summary>
    [NotASetting]
    public IReadOnlyList<string> ChildCommand { get; init; } = Itself();

    /// <summary>How long validating a dataset or a model may take; default 10 min, from 1 s to 1 d. A hostile file can make a reader run for ever.</summary>
    public TimeSpan InspectionTime { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Bytes of memory that validating may take; default 4 GiB, from 16 MiB to 1 TiB.</summary>
    public long InspectionMemory { get; init; } = 4L << 30;

    /// <summary>How long a child may take to save and end when it is asked to; default 20 s, from 1 s to 1 h; then it is killed.</summary>
    public TimeSpan StopGrace { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>What jobs may ask for, a value for each name; default none, at most 6. <c>device</c>, and <c>gpu</c> where there is one, come by themselves.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>Memory of the device, in GiB, for jobs whose need is estimated; default what the machine, or the smallest GPU, has.</summary>
    public double? MemoryGiB { get; init; }

    /// <summary>An absolute folder for what runs, on a local disk; default one for temporary files. Each process has a part of its own, and removes what dead ones left.</summary>
    public string WorkFolder { get; init; } = Path.Combine(Path.GetTempPath(), $"loradrop-{Environment.UserName}");

    /// <summary>An absolute folder for models and datasets that are fetched, which outlives the process; default <c>$XDG_CACHE_HOME/loradrop</c>, else <c>~/.cache/loradrop</c>. Workers of a machine may share it.</summary>
    public string CacheFolder { get; init; } = Path.Combine(CacheHome(), "loradrop");

    /// <summary>How much the cache may hold, in GiB; default 50, from 1 to 100000.</summary>
    public double CacheGiB { get; init; } = 50;

    /// <summary>Where the worker tells its health, such as http://0.0.0.0:5081; default nowhere.</summary>
    public string? HealthUrl { get; init; }

    public IEnumerable<Fault> Faults(string path)
    {
        foreach (var fault in $"{path}:{nameof(Slots)}".Within(Slots, 1, 64)) yield return fault;
        if (Device is not ("cpu" or "cuda")) yield return new($"{path}:{nameof(Device)}", $"must be cpu or cuda; got \"{Device}\"");
        foreach (var fault in $"{path}:{nameof(Threads)}".Within(Threads, 1, 1024)) yield return fault;
        foreach (var fault in $"{path}:{nameof(InspectionTime)}".Within(InspectionTime, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1))) yield return fault;
        foreach (var fault in $"{path}:{nameof(InspectionMemory)}".Within(InspectionMemory, 16L << 20, 1L << 40)) yield return fault;
        foreach (var fault in $"{path}:{nameof(StopGrace)}".Within(StopGrace, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1))) yield return fault;
        if (Labels.Count > MostLabels) yield return new($"{path}:{nameof(Labels)}", $"has {Labels.Count} labels; at most {MostLabels} are allowed");
        if (MemoryGiB is { } memory && memory is not (> 0 and <= 100_000)) yield return new($"{path}:{nameof(MemoryGiB)}", $"must lie in (0, 100000]; got {memory}");
        foreach (var fault in $"{path}:{nameof(WorkFolder)}".AbsoluteFolder(WorkFolder)) yield return fault;
        foreach (var fault in $"{path}:{nameof(CacheFolder)}".AbsoluteFolder(CacheFolder)) yield return fault;
        if (CacheGiB is not (>= 1 and <= 100_000)) yield return new($"{path}:{nameof(CacheGiB)}", $"must lie in 1 to 100000; got {CacheGiB}");
        if (HealthUrl is not null)
            foreach (var fault in $"{path}:{nameof(HealthUrl)}".Addresses(HealthUrl)) yield return fault;
    }

    /// <summary>After the XDG base directory specification; a user without a home has temporary files only.</summary>
    private static string CacheHome() =>
        Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } told ? told
        : Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify) is { Length: > 0 } home ? Path.Combine(home, ".cache") : Path.GetTempPath();

    private static IReadOnlyList<string> Itself() =>
        Path.GetFileNameWithoutExtension(Environment.ProcessPath!) == "dotnet" ? [Environment.ProcessPath!, Environment.GetCommandLineArgs()[0]] : [Environment.ProcessPath!];
}
