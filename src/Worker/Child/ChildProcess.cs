using System.Collections.Concurrent;
using System.Diagnostics;
using System.Threading.Channels;
using LoraDrop.Domain;
using LoraDrop.Storage;

namespace LoraDrop.Worker;

/// <summary>A running child process, as seen by the worker.</summary>
internal sealed class ChildProcess : IDisposable
{
    /// <summary>Lines of standard error to keep, to explain an unexpected exit.</summary>
    private const int KeptErrors = 20;

    private readonly Process _process;
    private readonly Channel<ChildLine> _lines = Channel.CreateUnbounded<ChildLine>();
    private readonly Channel<string> _errors = Channel.CreateUnbounded<string>();
    private readonly ConcurrentQueue<string> _lastErrors = new();
    private readonly Task _reading;
    private volatile ChildSpans _spans;

    private ChildProcess(Process process, ChildSpans spans)
    {
        (_process, _spans, Id) = (process, spans, process.Id);
        spans.Started(process.Id, warm: false);
        _reading = Task.WhenAll(ReadLinesAsync(), ReadErrorsAsync());
    }

    public int Id { get; }

    public bool HasExited => _process.HasExited;

    /// <summary>Resident memory in bytes; 0 if the process has ended.</summary>
    public long Memory
    {
        get
        {
            // Use a separate object: Refresh() on the one another thread waits for makes that wait miss the exit.
            try
            {
                using var process = Process.GetProcessById(Id);
                return process.WorkingSet64;
            }
            catch (Exception ended) when (ended is ArgumentException or InvalidOperationException)
            {
                return 0;
            }
        }
    }

    /// <summary>Lines the child reports; completes when it ends.</summary>
    public ChannelReader<ChildLine> Lines => _lines.Reader;

    /// <summary>Lines that the child or a native library in it writes to standard error.</summary>
    public ChannelReader<string> Errors => _errors.Reader;

    /// <summary>Starts this program as a child process.</summary>
    /// <param name="work">The work.</param>
    /// <param name="folder">The work's folder.</param>
    /// <param name="options">The program to start, and the memory limit of inspections.</param>
    /// <param name="environment">Additional environment variables, such as the visible GPU.</param>
    public static ChildProcess Start(ChildWork work, string folder, WorkerOptions options,
        IReadOnlyDictionary<string, string>? environment = null)
    {
        var spans = Prepare(work, folder);
        var start = new ProcessStartInfo(options.ChildCommand[0], [.. options.ChildCommand.Skip(1), ChildProgram.Verb, folder])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder,
        };
        // lets new tensors reuse freed memory (docs/decisions/loading-libtorch.md)
        start.Environment.TryAdd("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0");
        start.Environment["DOTNET_gcServer"] = "0";                                 // the web host's collector does not suit the engine
        if (work is ChildWork.InspectModel or ChildWork.InspectDataset)
            start.Environment["DOTNET_GCHeapHardLimit"] = options.InspectionMemory.ToString("X");
        foreach (var (name, value) in environment ?? new Dictionary<string, string>()) start.Environment[name] = value;
        try
        {
            return new(Process.Start(start)!, spans);
        }
        catch
        {
            spans.Dispose();
            throw;
        }
    }

    /// <summary>Gives more work to a child that waits for it: another stage, or another prediction.</summary>
    /// <param name="work">The work.</param>
    /// <param name="folder">Its folder.</param>
    public void Next(ChildWork work, string folder)
    {
        while (_errors.Reader.TryRead(out _)) { } // of the work before, beyond what was asked for
        _lastErrors.Clear();
        _spans = Prepare(work, folder);
        _spans.Started(Id, warm: true);
        Tell(ChildOrders.NextLine + folder);
    }

    /// <summary>Asks the child to save its state and exit.</summary>
    public void Stop() => Tell(ChildOrders.StopLine);

    public void Kill() => _process.Kill(entireProcessTree: true);

    /// <summary>Kills it, and waits until its memory is free.</summary>
    public async Task KillAsync()
    {
        if (!_process.HasExited) Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>Waits for the exit and returns its outcome, once all output has been read.</summary>
    public async Task<ChildEnd> EndAsync(CancellationToken cancel)
    {
        await _reading.WaitAsync(cancel);
        await _process.WaitForExitAsync(cancel);
        var end = new ChildEnd(_process.ExitCode, [.. _lastErrors]);
        _spans.Ended(end);
        return end;
    }

    public void Dispose()
    {
        if (!_process.HasExited) Kill();
        _spans.Dispose();
        _process.Dispose();
    }

    /// <summary>Writes down the work, and begins its trace.</summary>
    private static ChildSpans Prepare(ChildWork work, string folder)
    {
        Directory.CreateDirectory(folder);
        var spans = ChildSpans.Begin(work.Name);
        try
        {
            (work with { TraceParent = spans.TraceParent }).Write(folder);
            return spans;
        }
        catch
        {
            spans.Dispose();
            throw;
        }
    }

    private void Tell(string line)
    {
        try
        {
            _process.StandardInput.WriteLine(line);
            _process.StandardInput.Flush();
        }
        catch (Exception gone) when (gone is IOException or InvalidOperationException or ObjectDisposedException)
        {
            // The process has already ended.
        }
    }

    private async Task ReadLinesAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } text)
            if (text.StartsWith('{')) Take(ChildLine.Parse(text));
            else _errors.Writer.TryWrite(text); // printed by a native library
        _lines.Writer.Complete();
    }

    private void Take(ChildLine line)
    {
        if (line.Span is { } phase)
        {
            _spans.Take(phase);
            return;
        }
        if (line.Done == true) _spans.Dispose();
        _lines.Writer.TryWrite(line);
    }

    private async Task ReadErrorsAsync()
    {
        while (await _process.StandardError.ReadLineAsync() is { } text)
        {
            if (string.IsNullOrWhiteSpace(text)) continue;
            _lastErrors.Enqueue(text);
            if (_lastErrors.Count > KeptErrors) _lastErrors.TryDequeue(out _);
            _errors.Writer.TryWrite(text);
        }
        _errors.Writer.Complete();
    }
}

/// <summary>The outcome of a child process.</summary>
/// <param name="ExitCode">The exit code; 128 + n if signal n ended the process.</param>
/// <param name="LastErrors">The last lines of its standard error.</param>
internal sealed record ChildEnd(int ExitCode, IReadOnlyList<string> LastErrors)
{
    private const int SigKill = 9, SigSegv = 11, SigAbort = 6, SigBus = 7;

    public bool Well => ExitCode == 0;

    /// <summary>The signal that ended it, or null.</summary>
    public int? Signal => ExitCode is > 128 and < 160 ? ExitCode - 128 : null;

    public bool IsKill => Signal == SigKill;

    /// <summary>The message for a process killed by something other than the kernel.</summary>
    public const string KilledFromOutside =
        "The process was killed from outside by signal 9 (SIGKILL), not by the kernel because of memory. "
            + "Check what kills processes on the worker's machine: a person, or a memory or time limit.";

    /// <summary>What helps where memory ran out.</summary>
    public string LessMemory { get; init; } = "Lower training.batchSize (and raise accumulation to keep the step the same) or "
        + "training.maxLength, or use a worker with more memory. A retry continues from the last checkpoint.";

    /// <summary>The failure of a child that could not report it itself.</summary>
    /// <param name="byKernel">Whether the kernel has killed a process in the meantime because memory ran out.</param>
    public Failure Failure(bool byKernel) => Signal is null ? new(FailureCode.Defect, Reason)
        : byKernel ? new(FailureCode.OutOfMemory, $"The kernel killed the process (signal 9, SIGKILL) because memory ran out. {LessMemory}")
        : new(FailureCode.Killed, Reason);

    private string Reason => Signal switch
    {
        SigKill => "The process was killed by signal 9 (SIGKILL). Unless someone killed it manually, the machine ran "
            + $"out of memory. {LessMemory}",
        SigAbort => $"The process was ended by signal 6 (SIGABRT): a native library aborted.{Tail}",
        SigSegv or SigBus =>
            $"The process was ended by signal {Signal} ({(Signal == SigSegv ? "SIGSEGV" : "SIGBUS")}), in a native library.{Tail}",
        { } signal => $"The process was ended by signal {signal}.{Tail}",
        null => $"The process ended with exit code {ExitCode} and without an error message.{Tail}",
    };

    private string Tail => LastErrors.Count > 0 ? $" Last output: {string.Join(" | ", LastErrors.TakeLast(3))}" : "";
}
