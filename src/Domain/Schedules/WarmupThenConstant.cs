namespace LoraDrop.Domain;

/// <summary>The learning rate rises linearly to its peak and stays there, as in transformers.</summary>
/// <param name="Peak">η after the warm-up.</param>
/// <param name="Warmup">Steps of the warm-up; 0 starts at the peak.</param>
public sealed record WarmupThenConstant(double Peak, int Warmup)
{
    /// <summary>The rate in force at a step, counted from 0.</summary>
    public double At(int step) => step < Warmup ? Peak * step / Warmup : Peak;
}
