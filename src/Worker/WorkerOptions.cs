namespace LoraDrop.Worker;

/// <summary>What a worker's machine gives: apart from what a job asks for.</summary>
public sealed class WorkerOptions
{
    /// <summary>Stages at a time; default 1. Each takes all threads, or the GPU.</summary>
    public int Slots { get; set; } = 1;

    /// <summary>cpu or cuda; default cpu.</summary>
    public string Device { get; set; } = "cpu";

    /// <summary>CPU threads of a stage; default all.</summary>
    public int Threads { get; set; } = Environment.ProcessorCount;

    /// <summary>How this program is started again for a child; default the running program.</summary>
    public IReadOnlyList<string> ChildCommand { get; set; } = Itself();

    /// <summary>How long validating a dataset or a model may take; default 10 minutes. A hostile file can make a reader run for ever.</summary>
    public TimeSpan InspectionTime { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>Bytes of memory that validating may take; default 4 GiB.</summary>
    public long InspectionMemory { get; set; } = 4L << 30;

    /// <summary>How long a child may take to save and end when it is asked to; default 20 s, then it is killed.</summary>
    public TimeSpan StopGrace { get; set; } = TimeSpan.FromSeconds(20);

    private static IReadOnlyList<string> Itself() =>
        Path.GetFileNameWithoutExtension(Environment.ProcessPath!) == "dotnet" ? [Environment.ProcessPath!, Environment.GetCommandLineArgs()[0]] : [Environment.ProcessPath!];
}
