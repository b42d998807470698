namespace LoraDrop.Service.Tests;

/// <summary>A host of a cluster, which can be ended in any way and started again.</summary>
internal sealed class Node(string name, IReadOnlyDictionary<string, string> settings, string verb) : IAsyncDisposable
{
    private readonly List<HostProcess> _processes = [];

    public string Name => name;

    public IReadOnlyDictionary<string, string> Settings => settings;

    public HostProcess Process => _processes[^1];

    /// <summary>What it wrote over all its lives.</summary>
    public string Written => string.Join('\n', _processes.Select(process => $"--- {name}, process {process.Id}\n{process.Written}"));

    /// <summary>The processes that work for it now.</summary>
    public IReadOnlyList<int> Children => ChildrenIn("");

    /// <summary>Those of them that work on a job.</summary>
    public IReadOnlyList<int> ChildrenOf(string job) => ChildrenIn(Guid.Parse(job).ToString("N"));

    /// <summary>Starts it, again where it ran before; does not wait until it is at work.</summary>
    public void Start() => _processes.Add(HostProcess.Loradrop(settings, verb));

    /// <summary>Waits until it is at work.</summary>
    public Task AtWorkAsync() => Process.SaysAsync(verb == "api" ? "listens on" : "started on cpu");

    /// <summary>As a power cut does it.</summary>
    public Task KillAsync() => Process.KillAsync();

    /// <summary>As an init system does it; the exit code.</summary>
    public Task<int> TerminateAsync() => Process.TerminateAsync();

    /// <summary>Stops it in the middle of whatever it does, its children not.</summary>
    public Task FreezeAsync() => Process.SignalAsync("STOP");

    public Task ThawAsync() => Process.SignalAsync("CONT");

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes)
        {
            await process.KillAsync(); // frozen ones too; their children end with them
            await process.DisposeAsync();
        }
    }

    /// <param name="part">What is in the path of the folder that it works in.</param>
    private List<int> ChildrenIn(string part) =>
        [.. Directory.EnumerateDirectories("/proc").Select(Path.GetFileName).Where(id => int.TryParse(id, out _)).Select(int.Parse!)
            .Where(process => IsChild(process, part))];

    private bool IsChild(int process, string part)
    {
        try
        {
            // one that waits for its next stage is in no work folder
            return File.ReadAllText($"/proc/{process}/cmdline").Split('\0') is [_, "child", ..]
                && File.ResolveLinkTarget($"/proc/{process}/cwd", returnFinalTarget: false)?.FullName is { } folder
                && folder.StartsWith(settings[Cluster.WorkFolder] + "/", StringComparison.Ordinal)
                && folder.Contains(part, StringComparison.Ordinal);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return false; // it ended just now
        }
    }
}
