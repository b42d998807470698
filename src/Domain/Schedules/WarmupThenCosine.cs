namespace LoraDrop.Domain;

/// <summary>The learning rate rises linearly to its peak and falls along a cosine (Loshchilov and Hutter 2016), as in transformers.</summary>
/// <param name="Peak">η at the end of the warm-up.</param>
/// <param name="Warmup">Steps of the warm-up; 0 starts at the peak.</param>
/// <param name="Steps">Steps of the run, the warm-up included.</param>
/// <param name="Cycles">Waves of the cosine; half a wave by default, which ends at 0.</param>
public sealed record WarmupThenCosine(double Peak, int Warmup, int Steps, double Cycles = 0.5)
{
    /// <summary>The rate in force at a step, counted from 0.</summary>
    public double At(int step)
    {
        if (step < Warmup) return Peak * step / Warmup;
        var progress = (step - Warmup) / (double)Math.Max(1, Steps - Warmup);
        return Peak * Math.Max(0, 0.5 * (1 + Math.Cos(Math.PI * Cycles * 2 * progress)));
    }
}
