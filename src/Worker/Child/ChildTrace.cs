using System.Diagnostics;

namespace LoraDrop.Worker;

/// <summary>In the child: reports the phases of a run as lines, where its service records the trace that it is part of.</summary>
/// <remarks>
/// The child exports nothing itself, so it needs no exporter and no way to the collector, and nothing is lost when it is killed: what it
/// has reported is its service's, which also ends what was left open (<see cref="ChildSpans"/>).
/// </remarks>
internal sealed class ChildTrace : IDisposable
{
    /// <summary>The variable in which a process is told its place in a trace, as W3C writes it.</summary>
    public const string Variable = "TRACEPARENT";

    private readonly ActivityListener? _listener;
    private readonly Activity? _whole;

    private ChildTrace(ActivityContext parent, Action<ChildSpan> report)
    {
        _whole = new Activity("child").SetParentId(parent.TraceId, parent.SpanId, parent.TraceFlags).Start();
        _listener = new()
        {
            ShouldListenTo = source => source.Name == RunPhases.SourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStarted = phase => report(new(phase.SpanId.ToHexString(), phase.ParentSpanId.ToHexString(), phase.OperationName, new(phase.StartTimeUtc))),
            ActivityStopped = phase => report(new(phase.SpanId.ToHexString(), phase.ParentSpanId.ToHexString(), phase.OperationName, new(phase.StartTimeUtc + phase.Duration), Ended: true, phase.Tags.ToDictionary(tag => tag.Key, tag => tag.Value ?? ""))),
        };
        ActivitySource.AddActivityListener(_listener);
    }

    /// <summary>Begins to report; null where the trace is not recorded, or there is none.</summary>
    public static ChildTrace? Begin(Action<ChildSpan> report) =>
        ActivityContext.TryParse(Environment.GetEnvironmentVariable(Variable), null, out var parent) && parent.TraceFlags.HasFlag(ActivityTraceFlags.Recorded) ? new(parent, report) : null;

    public void Dispose()
    {
        _listener?.Dispose();
        _whole?.Dispose();
    }
}

/// <summary>A phase of a child that begins, or that ends.</summary>
/// <param name="Id">Tells it from the others of this child.</param>
/// <param name="Parent">The phase that it is part of; another id where it is part of none.</param>
/// <param name="Name">What is done.</param>
/// <param name="At">When it began, or ended.</param>
/// <param name="Ended">Whether it ends.</param>
/// <param name="Tags">What else is known at its end.</param>
internal sealed record ChildSpan(string Id, string Parent, string Name, DateTimeOffset At, bool Ended = false, IReadOnlyDictionary<string, string>? Tags = null);
