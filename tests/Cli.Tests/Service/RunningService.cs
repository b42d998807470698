using System.Diagnostics;
using System.Text.Json;

namespace LoraDrop.Cli.Tests;

/// <summary>A service as <c>loradrop serve</c> starts it, on a free port, with a tiny model and data to use it with.</summary>
public sealed class RunningService : IDisposable
{
    private Process _process = null!;

    public RunningService()
    {
        Data = Tiny.New("service");
        Start("0");
    }

    public TinyRun Tiny { get; } = new();

    public string Data { get; }

    public string Url { get; private set; } = "";

    /// <summary>A command against it, for scripts.</summary>
    internal Ended Run(params string[] arguments) => Loradrop.Run([.. arguments, "--json", "--url", Url]);

    /// <summary>A command against it, for people.</summary>
    internal Ended Show(params string[] arguments) => Loradrop.Run([.. arguments, "--url", Url]);

    /// <summary>A command that is not waited for.</summary>
    internal Process Begin(params string[] arguments) => Loradrop.Start([.. arguments, "--json", "--url", Url]);

    /// <summary>Registers the tiny model as <c>tiny</c> and uploads its data as <c>moods</c>.</summary>
    internal void Prepare()
    {
        Run("models", "add", "tiny", Tiny.Model).Well();
        Run("datasets", "upload", "moods", "--train", Tiny.Train, "--validation", Tiny.Validation).Well();
    }

    /// <summary>The command line of a job on them; options that follow win.</summary>
    internal string[] Submit(params string[] options) =>
        ["jobs", "submit", "--settings", Tiny.Settings, "--model", "tiny", "--data", "moods", .. options];

    /// <summary>Hands a job in; its id.</summary>
    internal string Submitted(params string[] options) => Run(Submit(options)).Well().Events[0].GetProperty("id").GetString()!;

    /// <summary>As a power cut does it.</summary>
    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    /// <summary>As an init system does it; how long it took to end, and with what.</summary>
    public (TimeSpan Took, int ExitCode) Terminate()
    {
        var began = Stopwatch.GetTimestamp();
        using (var kill = Process.Start("kill", ["-TERM", $"{_process.Id}"])) kill.WaitForExit();
        _process.WaitForExit();
        var ended = (Stopwatch.GetElapsedTime(began), _process.ExitCode);
        _process.Dispose();
        return ended;
    }

    /// <summary>The processes that work for it now.</summary>
    public IReadOnlyList<int> Children() =>
        [.. Directory.EnumerateDirectories("/proc").Select(Path.GetFileName).Where(name => int.TryParse(name, out _)).Select(int.Parse!)
            .Where(IsChild)];

    private bool IsChild(int process)
    {
        try
        {
            // one that waits for its next stage is in no work folder
            return File.ReadAllText($"/proc/{process}/cmdline").Split('\0') is [_, "child", ..]
                && File.ResolveLinkTarget($"/proc/{process}/cwd", returnFinalTarget: false)?.FullName is { } folder
                && folder.StartsWith(Data, StringComparison.Ordinal);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return false; // it ended just now
        }
    }

    /// <summary>On the same address, with the same data.</summary>
    public void StartAgain() => Start(new Uri(Url).Port.ToString());

    public void Dispose()
    {
        using (var kill = Process.Start("kill", ["-TERM", $"{_process.Id}"])) kill.WaitForExit();
        if (!_process.WaitForExit(TimeSpan.FromSeconds(30))) _process.Kill(entireProcessTree: true);
        _process.Dispose();
        Tiny.Dispose();
    }

    private void Start(string port)
    {
        _process = Loradrop.Start(["serve", "--port", port, "--data", Data, "--threads", "1", "--no-sample", "--allow-private", "127.0.0.1",
            "--allow-http"]);
        _process.StandardInput.Close();
        _process.ErrorDataReceived += (_, _) => { }; // its log: a full pipe would hold it up
        _process.BeginErrorReadLine();
        var line = _process.StandardOutput.ReadLine() ?? throw new InvalidOperationException("the service ended before it listened");
        Url = line.Split(' ').First(word => word.StartsWith("http://", StringComparison.Ordinal));
    }
}

/// <summary>A service with a job that went through.</summary>
public sealed class ServedJob : IDisposable
{
    public ServedJob()
    {
        Service.Prepare();
        Ended = Service.Run([.. Service.Submit("--name", "first"), "--watch"]);
        Id = Ended.Events[0].GetProperty("id").GetString()!;
    }

    public RunningService Service { get; } = new();

    public string Id { get; }

    /// <summary>Submitting and watching it.</summary>
    internal Ended Ended { get; }

    public void Dispose() => Service.Dispose();
}

internal static class Lines
{
    /// <summary>The kinds of the messages of a watch.</summary>
    public static string[] Kinds(this Ended ended) =>
        [.. ended.Events.Where(e => e.TryGetProperty("event", out _)).Select(e => e.GetProperty("event").GetString()!)];

    /// <summary>The ids of a job's events, in the order in which they were shown.</summary>
    public static long[] Ids(this Ended ended) =>
        [.. ended.Events.Where(e => e.TryGetProperty("data", out var data) && data.TryGetProperty("message", out _))
            .Select(e => e.GetProperty("data").GetProperty("id").GetInt64())];

    public static string Text(this JsonElement json, string field) => json.GetProperty(field).GetString()!;
}
