using System.Diagnostics;
using LoraDrop.Storage;

namespace LoraDrop.Worker;

/// <summary>In the worker: the trace spans of a child's work and its reported phases. Does nothing if the trace is not recorded.</summary>
internal sealed class ChildSpans : IDisposable
{
    /// <summary>The most phases to record: a run of days saves and evaluates thousands of times. Later phases are only counted.</summary>
    private const int Most = 1000;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Activity> _open = [];
    private readonly Activity? _whole;
    private int _begun;

    private ChildSpans(Activity? whole, string? traceParent) => (_whole, TraceParent) = (whole, traceParent);

    /// <summary>The traceparent passed to the child.</summary>
    public string? TraceParent { get; }

    /// <param name="work">What the child does.</param>
    public static ChildSpans Begin(string work)
    {
        var around = Activity.Current;
        var whole = Tracing.Source.StartActivity("child");
        Activity.Current = around; // it ends when the process does, possibly in another context
        whole?.SetTag("loradrop.work", work);
        return new(whole is { Recorded: true } ? whole : null, whole?.Id ?? Tracing.Here);
    }

    public void Take(ChildSpan span)
    {
        if (_whole is null) return;
        var around = Activity.Current;
        lock (_gate)
        {
            if (span.Ended) End(span);
            else if (++_begun <= Most && Tracing.Source.StartActivity(span.Name, ActivityKind.Internal,
                (_open.GetValueOrDefault(span.Parent) ?? _whole).Context, startTime: span.At) is { } phase)
                _open[span.Id] = phase;
        }
        Activity.Current = around;
    }

    /// <summary>The child has started, or goes on after another stage.</summary>
    public void Started(int process, bool warm) => _whole?.SetTag("process.pid", process).SetTag("loradrop.warm", warm);

    /// <summary>The process has ended; ends its open phases.</summary>
    public void Ended(ChildEnd end)
    {
        _whole?.SetTag("process.exit.code", end.ExitCode);
        if (!end.Well)
            _whole?.SetStatus(ActivityStatusCode.Error, end.Signal is { } signal
                ? $"ended by signal {signal}"
                : $"ended with exit code {end.ExitCode}");
        Dispose();
    }

    public void Dispose()
    {
        var around = Activity.Current;
        lock (_gate)
        {
            foreach (var cut in _open.Values)
            {
                cut.SetStatus(ActivityStatusCode.Error, "the process ended during this phase");
                cut.Dispose();
            }
            _open.Clear();
            if (_begun > Most) _whole?.SetTag("loradrop.phases_left_out", _begun - Most);
            _whole?.Dispose();
        }
        Activity.Current = around;
    }

    private void End(ChildSpan span)
    {
        if (!_open.Remove(span.Id, out var phase)) return;
        foreach (var (name, value) in span.Tags ?? new Dictionary<string, string>()) phase.SetTag(name, value);
        phase.SetEndTime(span.At.UtcDateTime);
        phase.Dispose();
    }
}
