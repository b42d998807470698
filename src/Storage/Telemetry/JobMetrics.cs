using System.Diagnostics.Metrics;
using LoraDrop.Domain;

namespace LoraDrop.Storage;

/// <summary>What this process did to jobs, counted when it was written to their rows. Never a job's id, a user or a key is a label.</summary>
internal static class JobMetrics
{
    /// <summary>Reasons for another attempt that are no failure of it.</summary>
    public const string WorkerStopped = "worker_stopped", WorkerSilent = "worker_silent";

    private static readonly Histogram<double> QueueWait = HostMetrics.Meter.CreateHistogram("loradrop.queue.wait", "s", "Time from when a stage was queued until a worker took it up.", advice: Buckets.Waits);

    private static readonly Histogram<double> Duration = HostMetrics.Meter.CreateHistogram("loradrop.job.duration", "s", "Time from a stage's first start to its end: interruptions and pauses count.", advice: Buckets.Works);

    private static readonly Counter<long> Retries = HostMetrics.Meter.CreateCounter<long>("loradrop.job.retries", description: "Attempts at a stage that ended unfinished and are followed by another, without a person's doing.");

    private static readonly Counter<long> Failures = HostMetrics.Meter.CreateCounter<long>("loradrop.job.failures", description: "Jobs that failed, by the code of their error.");

    /// <summary>Makes every reason be there before one is counted: a rate sees only what was there before it grew.</summary>
    public static void Show()
    {
        foreach (var code in FailureCode.All) Failures.Add(0, Reason(code));
        foreach (var code in FailureCode.All.Where(code => !FailureCode.IsUsers(code)).Append(WorkerStopped).Append(WorkerSilent)) Retries.Add(0, Reason(code));
    }

    public static void Waited(Stage stage, TimeSpan time) => QueueWait.Record(Math.Max(0, time.TotalSeconds), StageOf(stage));

    public static void Ended(StageRow stage)
    {
        if (stage is { StartedAt: { } began, FinishedAt: { } ended }) Duration.Record(Math.Max(0, (ended - began).TotalSeconds), StageOf(stage.Stage), new("outcome", JsonText.NameOf(stage.Status)));
    }

    public static void Retried(string reason) => Retries.Add(1, Reason(reason));

    public static void Failed(string code) => Failures.Add(1, Reason(code));

    private static KeyValuePair<string, object?> Reason(string reason) => new("reason", reason);

    private static KeyValuePair<string, object?> StageOf(Stage stage) => new("stage", JsonText.NameOf(stage));
}

/// <summary>The limits of histograms, in seconds: of work that takes seconds for a sample and days for a large model.</summary>
public static class Buckets
{
    /// <summary>From half a second to a day.</summary>
    public static InstrumentAdvice<double> Waits { get; } = Of(0.5, 1, 5, 15, 30, 60, 300, 900, 1800, 3600, 7200, 14400, 28800, 86400);

    /// <summary>From a second to two days.</summary>
    public static InstrumentAdvice<double> Works { get; } = Of(1, 5, 15, 60, 300, 900, 1800, 3600, 7200, 14400, 28800, 43200, 86400, 172800);

    /// <summary>From a millisecond to a minute.</summary>
    public static InstrumentAdvice<double> Steps { get; } = Of(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60);

    /// <summary>From ten milliseconds to five minutes.</summary>
    public static InstrumentAdvice<double> Writes { get; } = Of(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300);

    /// <summary>Tenths.</summary>
    public static InstrumentAdvice<double> Shares { get; } = Of(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1);

    private static InstrumentAdvice<double> Of(params double[] limits) => new() { HistogramBucketBoundaries = limits };
}
