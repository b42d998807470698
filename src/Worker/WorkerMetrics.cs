using System.Diagnostics.Metrics;
using LoraDrop.Domain;
using LoraDrop.Storage;

namespace LoraDrop.Worker;

/// <summary>Metrics of all children of this process.</summary>
internal static class WorkerMetrics
{
    private static readonly Counter<long> Tokens =
        ServiceMeter.Meter.CreateCounter<long>("loradrop.train.tokens", description: "Tokens trained on, without padding.");

    private static readonly Histogram<double> Step =
        ServiceMeter.Meter.CreateHistogram("loradrop.step.duration", "s", "Duration of an optimiser step.", advice: Buckets.Steps);

    private static readonly Histogram<double> CheckpointWrite = ServiceMeter.Meter.CreateHistogram("loradrop.checkpoint.write", "s",
        "Time to write a checkpoint: the child to its disk, the worker to the object store.", advice: Buckets.Writes);

    private static readonly Histogram<double> Kept = ServiceMeter.Meter.CreateHistogram("loradrop.kept_parameters.ratio",
        description: "Ratio of a finished job's adapter parameters to those of ordinary LoRA.", advice: Buckets.Shares);

    /// <summary>Creates the counter with 0, so that it exists before the first count.</summary>
    public static void Show()
    {
        foreach (var stage in Enum.GetValues<Stage>()) Tokens.Add(0, StageOf(stage));
    }

    public static void Take(RunEvent happened)
    {
        switch (happened)
        {
            case RunEvent.StepDone step:
                Tokens.Add(step.Tokens, StageOf(step.Stage));
                Step.Record(step.Seconds, StageOf(step.Stage));
                break;
            case RunEvent.CheckpointSaved saved:
                CheckpointWrite.Record(saved.Seconds, new KeyValuePair<string, object?>("to", "disk"));
                break;
        }
    }

    public static void CheckpointStored(TimeSpan took) =>
        CheckpointWrite.Record(took.TotalSeconds, new KeyValuePair<string, object?>("to", "store"));

    public static void Finished(RunResult result)
    {
        if (result.LoraParameters > 0)
            Kept.Record(result.Parameters.Adapter / (double)result.LoraParameters,
                new KeyValuePair<string, object?>("method", result.Method.Name));
    }

    private static KeyValuePair<string, object?> StageOf(Stage stage) => new("stage", JsonText.NameOf(stage));
}
