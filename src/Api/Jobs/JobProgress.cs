using LoraDrop.Domain;
using LoraDrop.Storage;

namespace LoraDrop.Api;

/// <summary>Computes a job's progress and remaining time.</summary>
internal static class JobProgress
{
    /// <summary>Share of importance evaluation in a job's progress. Fixed, because the steps of task adaptation are unknown before it
    /// starts and progress must not go back.</summary>
    private const double ImportanceShare = 0.1;

    public static double Of(StageRow stage) =>
        stage.Status == JobStatus.Succeeded ? 1 : stage.Steps > 0 ? Math.Clamp((double)stage.Step / stage.Steps, 0, 1) : 0;

    public static double Of(IReadOnlyList<StageRow> stages) => Math.Round(stages switch
    {
        [var only] => Of(only),
        _ => stages.Sum(stage => Of(stage) * (stage.Stage == Stage.ImportanceEvaluation ? ImportanceShare : 1 - ImportanceShare)),
    }, 4);

    /// <summary>Seconds of ended stages, from the first start of each to its end.</summary>
    public static double Seconds(IEnumerable<StageRow> stages) => stages.Sum(stage =>
        stage is { StartedAt: { } start, FinishedAt: { } end } ? (end - start).TotalSeconds : 0);

    /// <summary>Seconds left for the job at the speed of the running stage; null if none is running.</summary>
    public static double? SecondsLeft(IReadOnlyList<StageRow> stages, JobRequest settings)
    {
        var running = stages.SingleOrDefault(stage => stage.Status == JobStatus.Running);
        if (running is not { SecondsLeft: { } left, Steps: > 0 }) return null;
        if (running.Stage == Stage.TaskAdaptation) return left;
        var remaining = running.Steps - running.Step;
        if (remaining <= 0 || FollowingSteps(running.Steps, settings) is not { } following) return null;
        return left * (remaining + following) / remaining;
    }

    /// <summary>Steps of task adaptation, extrapolated from the sample to all data and its epochs.</summary>
    private static double? FollowingSteps(int sampleSteps, JobRequest settings)
    {
        if (settings.Importance?.Epochs is not { } epochs) return settings.Training.MaxSteps;
        var all = sampleSteps / (settings.Importance.SampleRatio * epochs) * settings.Training.Epochs;
        return Math.Min(all, settings.Training.MaxSteps ?? double.PositiveInfinity);
    }
}
