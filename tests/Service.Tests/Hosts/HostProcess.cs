using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.RegularExpressions;
using LoraDrop.Engine.Tests;
using LoraDrop.Storage.Tests;

namespace LoraDrop.Service.Tests;

/// <summary>A host as its users start it: a program of its own, told everything by the environment. Ends with the test.</summary>
internal sealed partial class HostProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly ConcurrentQueue<string> _lines = new();
    private readonly TaskCompletionSource _outputEnded = new(), _errorEnded = new();

    private HostProcess(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, said) => Take(said.Data, _outputEnded);
        process.ErrorDataReceived += (_, said) => Take(said.Data, _errorEnded);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>All that it has written.</summary>
    public string Written => string.Join('\n', _lines);

    /// <summary>Settings of a host on PostgreSQL and a new bucket.</summary>
    public static Dictionary<string, string> Settings(string connection, S3Server s3, TestFolder folder) => new()
    {
        ["LORADROP_DATABASE__CONNECTIONSTRING"] = connection, ["LORADROP_OBJECTS__BUCKET"] = s3.NewBucket(),
        ["LORADROP_OBJECTS__ENDPOINT"] = s3.Endpoint, ["LORADROP_OBJECTS__ACCESSKEY"] = S3Server.AccessKey,
        ["LORADROP_OBJECTS__SECRETKEY"] = S3Server.SecretKey, ["LORADROP_API__URLS"] = "http://127.0.0.1:0",
        ["LORADROP_WORKER__WORKFOLDER"] = folder.At("work"), ["LORADROP_WORKER__CACHEFOLDER"] = folder.At("cache"),
        ["LORADROP_WORKER__THREADS"] = "1",
    };

    public static HostProcess Api(IReadOnlyDictionary<string, string> settings, params string[] arguments) =>
        Start("LoraDrop.Api", settings, arguments);

    public static HostProcess Worker(IReadOnlyDictionary<string, string> settings) => Start("LoraDrop.Worker", settings);

    /// <summary>A command of <c>loradrop</c>.</summary>
    public static HostProcess Loradrop(IReadOnlyDictionary<string, string> settings, params string[] arguments) =>
        Start("loradrop", settings, arguments);

    /// <summary>Waits for its end; the exit code.</summary>
    public async Task<int> EndAsync()
    {
        using var limit = new CancellationTokenSource(Eventually.Patience);
        try
        {
            await _process.WaitForExitAsync(limit.Token);
            await Task.WhenAll(_outputEnded.Task, _errorEnded.Task).WaitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"it does not end:\n{Written}");
        }
        return _process.ExitCode;
    }

    /// <summary>SIGTERM, as an init system sends it; the exit code.</summary>
    public async Task<int> TerminateAsync()
    {
        await SignalAsync("TERM");
        return await EndAsync();
    }

    public Task SignalAsync(string signal) => SignalAsync(signal, Id);

    /// <summary>Sends a signal to any process; harmless where it has just ended.</summary>
    public static async Task SignalAsync(string signal, int process)
    {
        using var kill = Process.Start(new ProcessStartInfo("kill", [$"-{signal}", $"{process}"]) { RedirectStandardError = true })!;
        await kill.WaitForExitAsync();
    }

    /// <summary>As a power cut does it.</summary>
    public async Task KillAsync()
    {
        if (!_process.HasExited) _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>Waits for words in what it writes.</summary>
    public async Task<string> SaysAsync(string words)
    {
        for (var began = Stopwatch.GetTimestamp(); ; await Task.Delay(Eventually.Interval))
        {
            if (_lines.FirstOrDefault(line => line.Contains(words, StringComparison.Ordinal)) is { } line) return line;
            Assert.False(_process.HasExited,
                $"it ended with {(_process.HasExited ? _process.ExitCode : 0)} and never said \"{words}\":\n{Written}");
            Assert.True(Stopwatch.GetElapsedTime(began) < Eventually.Patience, $"it never says \"{words}\":\n{Written}");
        }
    }

    /// <summary>Where an Api listens, when it does.</summary>
    public async Task<Uri> AddressAsync() => new(AddressPattern().Match(await SaysAsync("listens on")).Value);

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) await TerminateAsync();
        _process.Dispose();
    }

    private static HostProcess Start(string program, IReadOnlyDictionary<string, string> settings, params string[] arguments)
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, program), arguments) { RedirectStandardInput = true,
            RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("LORADROP_", StringComparison.Ordinal)).ToList())
            start.Environment.Remove(name);
        foreach (var (name, value) in settings) start.Environment[name] = value;
        return new(Process.Start(start)!);
    }

    private void Take(string? line, TaskCompletionSource ended)
    {
        if (line is null) ended.TrySetResult();
        else _lines.Enqueue(line);
    }

    [GeneratedRegex(@"http://[0-9.:]+")]
    private static partial Regex AddressPattern();
}
