using System.Diagnostics;

namespace LoraDrop.Storage;

/// <summary>One trace per job: the request that submits it, its wait, its stages, and the phases of their processes. Rows carry the trace
/// context between processes.</summary>
public static class Tracing
{
    /// <summary>The name under which a host subscribes to <see cref="Source"/>.</summary>
    public const string SourceName = "LoraDrop";

    public static ActivitySource Source { get; } = new(SourceName, ServiceVersion.Text);

    /// <summary>The current activity as a W3C <c>traceparent</c>, for storing in a row; null if nothing is traced.</summary>
    public static string? Here => Activity.Current is { IdFormat: ActivityIdFormat.W3C } now ? now.Id : null;

    /// <summary>Starts an activity for work from a row.</summary>
    /// <remarks>Starts it even if nobody records it: log lines then still carry the job's trace.</remarks>
    /// <param name="name">The operation; its subject belongs in tags.</param>
    /// <param name="kind">Consumer if the work came from a queue.</param>
    /// <param name="traceParent">The row's traceparent; null starts a new trace.</param>
    public static Activity Begin(string name, ActivityKind kind, string? traceParent)
    {
        ActivityContext.TryParse(traceParent, null, isRemote: true, out var parent);
        if (Source.StartActivity(name, kind, parent) is { } recorded) return recorded;
        var own = new Activity(name);
        if (parent != default) own.SetParentId(parent.TraceId, parent.SpanId, parent.TraceFlags);
        return own.Start();
    }

    /// <summary>Records an activity that is already over, such as a wait in the queue.</summary>
    public static void Record(string name, string? traceParent, DateTimeOffset from, DateTimeOffset to)
    {
        ActivityContext.TryParse(traceParent, null, isRemote: true, out var parent);
        var around = Activity.Current;
        using var over = Source.StartActivity(name, ActivityKind.Internal, parent, startTime: from);
        over?.SetEndTime(to.UtcDateTime);
        over?.Stop();
        Activity.Current = around;
    }

    /// <summary>Marks an activity as failed.</summary>
    public static void Fail(this Activity? activity, string code, string message) =>
        activity?.SetTag("error.type", code).SetStatus(ActivityStatusCode.Error, message);
}
