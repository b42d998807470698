using System.Diagnostics.Metrics;
using LoraDrop.Domain;

namespace LoraDrop.Storage;

/// <summary>Counters of this process's changes to jobs, incremented once the rows are written. A job id, a user or a key is never a
/// label.</summary>
public static class JobMetrics
{
    /// <summary>Reasons for another attempt that are not failures.</summary>
    public const string WorkerStopped = "worker_stopped", WorkerSilent = "worker_silent";

    private static readonly Histogram<double> QueueWait = ServiceMeter.Meter.CreateHistogram("loradrop.queue.wait", "s",
        "Time from when a stage was queued until a worker took it up.", advice: Buckets.Waits);

    private static readonly Histogram<double> Duration = ServiceMeter.Meter.CreateHistogram("loradrop.job.duration", "s",
        "Time from a stage's first start to its end: interruptions and pauses count.", advice: Buckets.Works);

    private static readonly Counter<long> Retries = ServiceMeter.Meter.CreateCounter<long>("loradrop.job.retries",
        description: "Attempts at a stage that ended unfinished and are followed by another, without a person's doing.");

    private static readonly Counter<long> Failures =
        ServiceMeter.Meter.CreateCounter<long>("loradrop.job.failures", description: "Jobs that failed, by the code of their error.");

    /// <summary>Creates every reason's series at zero: a rate needs a value from before the first increment.</summary>
    public static void Show()
    {
        foreach (var code in FailureCode.All) Failures.Add(0, Reason(code));
        foreach (var code in FailureCode.All.Where(code => !FailureCode.IsUsers(code)).Append(WorkerStopped).Append(WorkerSilent))
            Retries.Add(0, Reason(code));
    }

    public static void Waited(Stage stage, TimeSpan time) => QueueWait.Record(Math.Max(0, time.TotalSeconds), StageOf(stage));

    public static void Ended(StageRow stage)
    {
        if (stage is { StartedAt: { } began, FinishedAt: { } ended })
            Duration.Record(Math.Max(0, (ended - began).TotalSeconds), StageOf(stage.Stage), new("outcome", JsonText.NameOf(stage.Status)));
    }

    public static void Retried(string reason) => Retries.Add(1, Reason(reason));

    public static void Failed(string code) => Failures.Add(1, Reason(code));

    private static KeyValuePair<string, object?> Reason(string reason) => new("reason", reason);

    private static KeyValuePair<string, object?> StageOf(Stage stage) => new("stage", JsonText.NameOf(stage));
}
