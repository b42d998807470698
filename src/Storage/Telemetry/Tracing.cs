using System.Diagnostics;

namespace LoraDrop.Storage;

/// <summary>One trace for each job: the request that submits it, its wait, its stages, the phases of their processes. Rows carry the place
/// in it from one process to the next.</summary>
public static class Tracing
{
    /// <summary>The name under which a host listens to <see cref="Source"/>.</summary>
    public const string SourceName = "LoraDrop";

    public static ActivitySource Source { get; } = new(SourceName, ServiceVersion.Text);

    /// <summary>What happens now, as W3C's <c>traceparent</c> has it, to be kept with a row; null where nothing is being traced.</summary>
    public static string? Here => Activity.Current is { IdFormat: ActivityIdFormat.W3C } now ? now.Id : null;

    /// <summary>Begins work that a row asked for.</summary>
    /// <remarks>There is one even where nobody records it: what is logged meanwhile carries the job's trace all the same.</remarks>
    /// <param name="name">What is done; never what it is done to, which tags say.</param>
    /// <param name="kind">Consumer where it was taken from a queue.</param>
    /// <param name="traceParent">What the row says; null begins a trace.</param>
    public static Activity Begin(string name, ActivityKind kind, string? traceParent)
    {
        ActivityContext.TryParse(traceParent, null, isRemote: true, out var parent);
        if (Source.StartActivity(name, kind, parent) is { } recorded) return recorded;
        var own = new Activity(name);
        if (parent != default) own.SetParentId(parent.TraceId, parent.SpanId, parent.TraceFlags);
        return own.Start();
    }

    /// <summary>Records what is over already, such as a wait in the queue.</summary>
    public static void Record(string name, string? traceParent, DateTimeOffset from, DateTimeOffset to)
    {
        ActivityContext.TryParse(traceParent, null, isRemote: true, out var parent);
        var around = Activity.Current;
        using var over = Source.StartActivity(name, ActivityKind.Internal, parent, startTime: from);
        over?.SetEndTime(to.UtcDateTime);
        over?.Stop();
        Activity.Current = around;
    }

    /// <summary>Says that it ended badly.</summary>
    public static void Fail(this Activity? activity, string code, string message) =>
        activity?.SetTag("error.type", code).SetStatus(ActivityStatusCode.Error, message);
}
