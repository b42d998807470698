namespace LoraDrop.Domain;

/// <summary>The learning rate of each step as a share of its peak: it rises linearly from 0 during warm-up, then follows the schedule. As
/// in transformers.</summary>
/// <param name="schedule">What the rate does after warm-up.</param>
/// <param name="warmup">Steps of the warm-up; 0 starts at the peak.</param>
/// <param name="steps">Steps of the run, the warm-up included.</param>
public sealed class LearningRate(RateSchedule schedule, int warmup, int steps)
{
    /// <summary>The rate of a stage.</summary>
    /// <remarks>A fraction of a warm-up step counts as a whole one.</remarks>
    public static LearningRate Of(TrainingSettings settings, int steps) =>
        new(settings.Schedule, (int)Math.Ceiling(settings.WarmupRatio * steps), steps);

    /// <summary>The share in force at a step, counted from 0; the first is 0 if there is a warm-up.</summary>
    public double At(int step) => step < warmup ? (double)step / warmup : schedule switch
    {
        RateSchedule.Linear => (double)Math.Max(0, steps - step) / Math.Max(1, steps - warmup),
        RateSchedule.Cosine => 0.5 * (1 + Math.Cos(Math.PI * (step - warmup) / Math.Max(1, steps - warmup))),
        RateSchedule.Constant => 1,
    };
}
