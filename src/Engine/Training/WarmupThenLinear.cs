namespace LoraDrop.Engine.Training;

/// <summary>The learning rate rises linearly to its peak and falls linearly to 0 at the last step (Hu et al. 2021).</summary>
/// <param name="peak">η at the end of the warm-up.</param>
/// <param name="warmupShare">Share of the steps that warm up, in [0, 1).</param>
/// <param name="steps">Steps of the run.</param>
public sealed class WarmupThenLinear(double peak, double warmupShare, int steps)
{
    private readonly int _warmup = (int)Math.Ceiling(warmupShare * steps);

    /// <summary>The rate in force at a step, counted from 0; the first is 0 if there is a warm-up, as transformers has it.</summary>
    public double At(int step) => step < _warmup ? peak * step / _warmup : peak * Math.Max(0, steps - step) / Math.Max(1, steps - _warmup);
}
