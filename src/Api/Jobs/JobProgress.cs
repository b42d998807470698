using LoraDrop.Domain;
using LoraDrop.Storage;

namespace LoraDrop.Api;

/// <summary>How far a job is, as one number, and how long it will take.</summary>
internal static class JobProgress
{
    /// <summary>What importance evaluation counts for. The steps of task adaptation are not known before it starts, and a number that goes back would be worse than a rough one.</summary>
    private const double ImportanceShare = 0.1;

    public static double Of(StageRow stage) => stage.Status == JobStatus.Succeeded ? 1 : stage.Steps > 0 ? Math.Clamp((double)stage.Step / stage.Steps, 0, 1) : 0;

    public static double Of(IReadOnlyList<StageRow> stages) => Math.Round(stages switch
    {
        [var only] => Of(only),
        _ => stages.Sum(stage => Of(stage) * (stage.Stage == Stage.ImportanceEvaluation ? ImportanceShare : 1 - ImportanceShare)),
    }, 4);

    /// <summary>Seconds for the rest of the job, at the speed of the stage that runs; null where none does.</summary>
    public static double? SecondsLeft(IReadOnlyList<StageRow> stages, JobRequest settings)
    {
        var running = stages.SingleOrDefault(stage => stage.Status == JobStatus.Running);
        if (running is not { SecondsLeft: { } left, Steps: > 0 }) return null;
        if (running.Stage == Stage.TaskAdaptation) return left;
        var remaining = running.Steps - running.Step;
        if (remaining <= 0 || StepsToCome(running.Steps, settings) is not { } following) return null;
        return left * (remaining + following) / remaining;
    }

    /// <summary>Steps of task adaptation: those of the sample, for all of the data and its own epochs.</summary>
    private static double? StepsToCome(int sampleSteps, JobRequest settings)
    {
        if (settings.Importance?.Epochs is not { } epochs) return settings.Training.MaxSteps;
        var all = sampleSteps / (settings.Importance.SampleRatio * epochs) * settings.Training.Epochs;
        return Math.Min(all, settings.Training.MaxSteps ?? double.PositiveInfinity);
    }
}
