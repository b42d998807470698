using System.Diagnostics;
using System.Threading.Channels;
using LoraDrop.Domain;
using LoraDrop.Storage;

namespace LoraDrop.Worker;

/// <summary>A running child, seen from the service.</summary>
internal sealed class ChildProcess : IDisposable
{
    /// <summary>Lines of standard error that are kept to explain an end without a word.</summary>
    private const int KeptErrors = 20;

    private readonly Process _process;
    private readonly Channel<ChildLine> _lines = Channel.CreateUnbounded<ChildLine>();
    private readonly Channel<string> _errors = Channel.CreateUnbounded<string>();
    private readonly Queue<string> _lastErrors = new();
    private readonly ChildSpans _spans;
    private readonly Task _reading;

    private ChildProcess(Process process, ChildSpans spans)
    {
        (_process, _spans) = (process, spans);
        spans.Started(process.Id);
        _reading = Task.WhenAll(ReadLinesAsync(), ReadErrorsAsync());
    }

    public int Id => _process.Id;

    /// <summary>Bytes of memory that it has resident; 0 when it has ended.</summary>
    public long Memory
    {
        get
        {
            // An object of its own: Refresh() on the one that is waited for, on another thread, makes the wait miss the end.
            try
            {
                using var process = Process.GetProcessById(_process.Id);
                return process.WorkingSet64;
            }
            catch (Exception ended) when (ended is ArgumentException or InvalidOperationException)
            {
                return 0;
            }
        }
    }

    /// <summary>What it reports; ends when it ends.</summary>
    public ChannelReader<ChildLine> Lines => _lines.Reader;

    /// <summary>What it, or a native library in it, writes to standard error.</summary>
    public ChannelReader<string> Errors => _errors.Reader;

    /// <summary>Starts this program again with the child's verb.</summary>
    /// <param name="work">What to do.</param>
    /// <param name="folder">The work's folder.</param>
    /// <param name="options">Which program; and how much managed memory an inspection may take.</param>
    /// <param name="environment">Variables that it gets besides this process's own, such as the GPU that it may see.</param>
    public static ChildProcess Start(ChildWork work, string folder, WorkerOptions options, IReadOnlyDictionary<string, string>? environment = null)
    {
        Directory.CreateDirectory(folder);
        work.Write(folder);
        var start = new ProcessStartInfo(options.ChildCommand[0], [.. options.ChildCommand.Skip(1), ChildProgram.Verb, folder])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder,
        };
        start.Environment.TryAdd("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0"); // freed tensors leave room that the next ones fit into (docs/decisions/loading-libtorch.md)
        start.Environment["DOTNET_gcServer"] = "0";                                 // the web host's choice of collector is not the engine's
        if (work is not ChildWork.RunStage) start.Environment["DOTNET_GCHeapHardLimit"] = options.InspectionMemory.ToString("X");
        foreach (var (name, value) in environment ?? new Dictionary<string, string>()) start.Environment[name] = value;
        var spans = ChildSpans.Begin(work.Name);
        if (spans.TraceParent is { } place) start.Environment[ChildTrace.Variable] = place;
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

    /// <summary>Asks it to save what it has and end.</summary>
    public void Stop()
    {
        try
        {
            _process.StandardInput.WriteLine(ChildProgram.StopLine);
            _process.StandardInput.Flush();
        }
        catch (Exception gone) when (gone is IOException or InvalidOperationException or ObjectDisposedException)
        {
            // It has ended by itself: there is nobody to ask.
        }
    }

    public void Kill() => _process.Kill(entireProcessTree: true);

    /// <summary>How it ended, when everything that it wrote has been read.</summary>
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

    private async Task ReadLinesAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } text)
            if (text.StartsWith('{')) Take(ChildLine.Parse(text));
            else _errors.Writer.TryWrite(text); // a native library that prints
        _lines.Writer.Complete();
    }

    private void Take(ChildLine line)
    {
        if (line.Span is { } phase) _spans.Take(phase);
        else _lines.Writer.TryWrite(line);
    }

    private async Task ReadErrorsAsync()
    {
        while (await _process.StandardError.ReadLineAsync() is { } text)
        {
            if (string.IsNullOrWhiteSpace(text)) continue;
            _lastErrors.Enqueue(text);
            if (_lastErrors.Count > KeptErrors) _lastErrors.Dequeue();
            _errors.Writer.TryWrite(text);
        }
        _errors.Writer.Complete();
    }
}

/// <summary>How a child ended.</summary>
/// <param name="ExitCode">128 + n where signal n ended it.</param>
/// <param name="LastErrors">The last lines of its standard error.</param>
internal sealed record ChildEnd(int ExitCode, IReadOnlyList<string> LastErrors)
{
    private const int SigKill = 9, SigSegv = 11, SigAbort = 6, SigBus = 7;

    public bool Well => ExitCode == 0;

    /// <summary>The signal that ended it, or null.</summary>
    public int? Signal => ExitCode is > 128 and < 160 ? ExitCode - 128 : null;

    public bool IsKill => Signal == SigKill;

    /// <summary>What a person should know of a process that was killed, though not by the kernel.</summary>
    public const string KilledFromOutside = "The process was ended from outside by signal 9 (SIGKILL), and not by the kernel for want of memory. Something on the worker's machine does that: a person, or a guard over memory or time.";

    /// <summary>What a person should know where the child could not say it itself.</summary>
    /// <param name="byKernel">Whether the kernel is known to have ended a process for want of memory meanwhile.</param>
    public Failure Failure(bool byKernel) => Signal is null ? new(FailureCode.Defect, Reason)
        : byKernel ? new(FailureCode.OutOfMemory, $"The kernel ended the process (signal 9, SIGKILL) because memory ran out. {LessMemory}")
        : new(FailureCode.Killed, Reason);

    private const string LessMemory = "Lower training.batchSize (and raise accumulation to keep the step the same) or training.maxLength, or use a worker with more memory. A retry goes on from the last checkpoint.";

    private string Reason => Signal switch
    {
        SigKill => $"The process was ended by signal 9 (SIGKILL). Where nobody did that by hand, the machine ran out of memory. {LessMemory}",
        SigAbort => $"The process was ended by signal 6 (SIGABRT): a native library gave up.{Tail}",
        SigSegv or SigBus => $"The process was ended by signal {Signal} ({(Signal == SigSegv ? "SIGSEGV" : "SIGBUS")}), in a native library.{Tail}",
        { } signal => $"The process was ended by signal {signal}.{Tail}",
        null => $"The process ended with exit code {ExitCode} and without a word.{Tail}",
    };

    private string Tail => LastErrors.Count > 0 ? $" Its last lines: {string.Join(" | ", LastErrors.TakeLast(3))}" : "";
}
