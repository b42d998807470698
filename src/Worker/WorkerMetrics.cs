using System.Diagnostics.Metrics;
using LoraDrop.Domain;
using LoraDrop.Engine;
using LoraDrop.Storage;

namespace LoraDrop.Worker;

/// <summary>What the children of this process report, as numbers of all of them together.</summary>
internal static class WorkerMetrics
{
    private static readonly Counter<long> Tokens = ServiceMeter.Meter.CreateCounter<long>("loradrop.train.tokens", description: "Tokens that were trained on, padding left out.");

    private static readonly Histogram<double> Step = ServiceMeter.Meter.CreateHistogram("loradrop.step.duration", "s", "Time of an optimiser step.", advice: Buckets.Steps);

    private static readonly Histogram<double> CheckpointWrite = ServiceMeter.Meter.CreateHistogram("loradrop.checkpoint.write", "s", "Time to write a checkpoint: the child to its disk, the worker to the object store.", advice: Buckets.Writes);

    private static readonly Histogram<double> Kept = ServiceMeter.Meter.CreateHistogram("loradrop.kept_parameters.ratio", description: "Parameters of a finished job's adapter, of those that ordinary LoRA would train.", advice: Buckets.Shares);

    /// <summary>Makes the counter be there before anything is counted.</summary>
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

    public static void CheckpointStored(TimeSpan took) => CheckpointWrite.Record(took.TotalSeconds, new KeyValuePair<string, object?>("to", "store"));

    public static void Finished(RunResult result)
    {
        if (result.LoraParameters > 0) Kept.Record(result.Parameters.Adapter / (double)result.LoraParameters, new KeyValuePair<string, object?>("method", JsonText.NameOf(result.Method)));
    }

    private static KeyValuePair<string, object?> StageOf(Stage stage) => new("stage", JsonText.NameOf(stage));
}
