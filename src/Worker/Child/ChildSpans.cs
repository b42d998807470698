using System.Diagnostics;
using LoraDrop.Storage;

namespace LoraDrop.Worker;

/// <summary>In the service: the part of the trace that a child is, and its phases as it reports them. Nothing where nobody records the trace.</summary>
internal sealed class ChildSpans : IDisposable
{
    /// <summary>A run of days saves and evaluates thousands of times; what comes later than so many is only counted.</summary>
    private const int Most = 1000;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Activity> _open = [];
    private readonly Activity? _whole;
    private int _begun;

    private ChildSpans(Activity? whole, string? traceParent) => (_whole, TraceParent) = (whole, traceParent);

    /// <summary>What the child is told: its place in the trace.</summary>
    public string? TraceParent { get; }

    /// <param name="work">What the child does.</param>
    public static ChildSpans Begin(string work)
    {
        var around = Activity.Current;
        var whole = Tracing.Source.StartActivity("child");
        Activity.Current = around; // it ends with the process, wherever that is noticed
        whole?.SetTag("loradrop.work", work);
        return new(whole is { Recorded: true } ? whole : null, whole?.Id ?? Tracing.Here);
    }

    public void Take(ChildSpan said)
    {
        if (_whole is null) return;
        var around = Activity.Current;
        lock (_gate)
        {
            if (said.Ended) End(said);
            else if (++_begun <= Most && Tracing.Source.StartActivity(said.Name, ActivityKind.Internal, (_open.GetValueOrDefault(said.Parent) ?? _whole).Context, startTime: said.At) is { } phase) _open[said.Id] = phase;
        }
        Activity.Current = around;
    }

    /// <summary>The child has started.</summary>
    public void Started(int process) => _whole?.SetTag("process.pid", process);

    /// <summary>The child has ended; what it left open ended with it.</summary>
    public void Ended(ChildEnd end)
    {
        _whole?.SetTag("process.exit.code", end.ExitCode);
        if (!end.Well) _whole?.SetStatus(ActivityStatusCode.Error, end.Signal is { } signal ? $"ended by signal {signal}" : $"ended with exit code {end.ExitCode}");
        Dispose();
    }

    public void Dispose()
    {
        var around = Activity.Current;
        lock (_gate)
        {
            foreach (var cut in _open.Values)
            {
                cut.SetStatus(ActivityStatusCode.Error, "the process ended meanwhile");
                cut.Dispose();
            }
            _open.Clear();
            if (_begun > Most) _whole?.SetTag("loradrop.phases_left_out", _begun - Most);
            _whole?.Dispose();
        }
        Activity.Current = around;
    }

    private void End(ChildSpan said)
    {
        if (!_open.Remove(said.Id, out var phase)) return;
        foreach (var (name, value) in said.Tags ?? new Dictionary<string, string>()) phase.SetTag(name, value);
        phase.SetEndTime(said.At.UtcDateTime);
        phase.Dispose();
    }
}
