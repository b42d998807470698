using System.Diagnostics;

namespace LoraDrop.Worker;

/// <summary>In the child: reports the phases of a run as lines, if the worker records the trace.</summary>
/// <remarks>
/// The child exports nothing itself, so it needs no exporter and no network, and nothing is lost when it is killed: reported
/// phases belong to the worker, which also ends open ones (<see cref="ChildSpans"/>).
/// </remarks>
internal sealed class ChildTrace : IDisposable
{
    private readonly ActivityListener? _listener;
    private readonly Activity? _whole;

    private ChildTrace(ActivityContext parent, Action<ChildSpan> report)
    {
        _whole = new Activity("child").SetParentId(parent.TraceId, parent.SpanId, parent.TraceFlags).Start();
        _listener = new()
        {
            ShouldListenTo = source => source.Name == RunPhases.SourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStarted = phase =>
            report(new(phase.SpanId.ToHexString(), phase.ParentSpanId.ToHexString(), phase.OperationName, new(phase.StartTimeUtc))),
            ActivityStopped = phase => report(new(phase.SpanId.ToHexString(), phase.ParentSpanId.ToHexString(), phase.OperationName,
            new(phase.StartTimeUtc + phase.Duration), Ended: true, phase.Tags.ToDictionary(tag => tag.Key, tag => tag.Value ?? ""))),
        };
        ActivitySource.AddActivityListener(_listener);
    }

    /// <summary>Starts reporting; null if there is no trace or it is not recorded.</summary>
    /// <param name="traceParent">The W3C traceparent, or null.</param>
    /// <param name="report">Called with the start and the end of each phase.</param>
    public static ChildTrace? Begin(string? traceParent, Action<ChildSpan> report) =>
        ActivityContext.TryParse(traceParent, null, out var parent)
            && parent.TraceFlags.HasFlag(ActivityTraceFlags.Recorded) ? new(parent, report) : null;

    public void Dispose()
    {
        _listener?.Dispose();
        _whole?.Dispose();
    }
}

/// <summary>The start or end of a phase of a child.</summary>
/// <param name="Id">Id of the phase, unique in this child.</param>
/// <param name="Parent">Id of the parent phase; an unknown id if there is none.</param>
/// <param name="Name">Name of the phase.</param>
/// <param name="At">Time of the start or end.</param>
/// <param name="Ended">Whether this is the end.</param>
/// <param name="Tags">Tags at the end.</param>
internal sealed record ChildSpan(string Id, string Parent, string Name, DateTimeOffset At, bool Ended = false,
    IReadOnlyDictionary<string, string>? Tags = null);
