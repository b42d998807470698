using System.Diagnostics;
using System.Text.RegularExpressions;
using LoraDrop.Domain;

namespace LoraDrop.Cli;

/// <summary>A service that this program starts: <c>loradrop serve</c> on a free port. Disposing stops it, unless it was detached.</summary>
/// <remarks>It runs in its own session, so neither Ctrl-C nor a closed terminal ends it; its starter stops it once everything is
/// stored.</remarks>
internal sealed partial class ServiceProcess : IAsyncDisposable
{
    private const int ShownLines = 20;

    /// <summary>The shell redirects its output to a file and then execs it, so the process id is the service's.</summary>
    private const string Script = """log=$1; shift; exec setsid "$@" >"$log" 2>&1 </dev/null""";

    private static readonly TimeSpan StopTime = TimeSpan.FromSeconds(40), PollInterval = TimeSpan.FromMilliseconds(50);

    private readonly Process _process;
    private bool _left;

    private ServiceProcess(Process process, string data, string log) => (_process, Data, Log) = (process, data, log);

    public Uri Address { get; private set; } = null!;

    public int Id => _process.Id;

    /// <summary>Its data folder.</summary>
    public string Data { get; }

    /// <summary>Its log for people.</summary>
    public string Log { get; }

    /// <summary>Starts it and waits until it is ready.</summary>
    /// <exception cref="RefusedInputException">It exited at once; the message has its last lines.</exception>
    public static async Task<ServiceProcess> StartAsync(string data, string device, int threads, CancellationToken cancel)
    {
        data = Path.GetFullPath(data);
        Directory.CreateDirectory(data);
        var log = Path.Combine(data, "serve.log");
        string[] command = [.. Itself(), "serve", "--port", "0", "--data", data, "--device", device, "--threads", $"{threads}",
            "--no-sample"];
        var service = new ServiceProcess(Process.Start(new ProcessStartInfo("/bin/sh", ["-c", Script, "sh", log, .. command]))!, data, log);
        try
        {
            await service.AwaitReadyAsync(cancel);
            return service;
        }
        catch
        {
            await service.DisposeAsync();
            throw;
        }
    }

    /// <summary>Detaches it: it keeps running after this program.</summary>
    public void Leave() => _left = true;

    /// <summary>Asks it to stop, and waits until running jobs are saved.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_left && !_process.HasExited) await StopAsync();
        _process.Dispose();
    }

    private async Task StopAsync()
    {
        using (var kill = Process.Start("/bin/sh", ["-c", "kill -TERM \"$1\"", "sh", $"{Id}"])) await kill.WaitForExitAsync();
        using var limit = new CancellationTokenSource(StopTime);
        try
        {
            await _process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill(entireProcessTree: true); // longer than the service allows itself: it hangs
        }
    }

    private async Task AwaitReadyAsync(CancellationToken cancel)
    {
        Match said;
        while (!(said = AddressPattern().Match(Written())).Success) await LookAgainAsync(cancel);
        Address = new($"{said.Groups[1].Value}/");
        using var client = new ServiceClient(Address);
        while (!await IsReadyAsync(client, cancel)) await LookAgainAsync(cancel);
    }

    private async Task LookAgainAsync(CancellationToken cancel)
    {
        if (_process.HasExited)
            throw new RefusedInputException("serve",
                $"the service ended at once: {string.Join('\n', Written().TrimEnd().Split('\n').TakeLast(ShownLines))}");
        await Task.Delay(PollInterval, cancel);
    }

    private static async Task<bool> IsReadyAsync(ServiceClient client, CancellationToken cancel)
    {
        try
        {
            await client.ReadyAsync(cancel);
            return true;
        }
        catch (Exception starting) when (starting is ServiceUnreachableException or ServiceProblemException { Passing: true })
        {
            return false;
        }
    }

    private string Written()
    {
        if (!File.Exists(Log)) return "";
        using var file = new StreamReader(new FileStream(Log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return file.ReadToEnd();
    }

    private static string[] Itself() =>
        Path.GetFileNameWithoutExtension(Environment.ProcessPath!) == "dotnet"
            ? [Environment.ProcessPath!, Environment.GetCommandLineArgs()[0]]
            : [Environment.ProcessPath!];

    [GeneratedRegex(@"listens on (http://\S+)")]
    private static partial Regex AddressPattern();
}
