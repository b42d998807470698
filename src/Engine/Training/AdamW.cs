using static TorchSharp.torch;

namespace LoraDrop.Engine.Training;

/// <summary>Adam with decoupled weight decay (Loshchilov and Hutter 2019), on one flat buffer.</summary>
/// <param name="parameters">The trained parameters.</param>
/// <param name="weightDecay">λ ≥ 0, applied to every trained number.</param>
/// <param name="beta1">β₁.</param>
/// <param name="beta2">β₂.</param>
/// <param name="form">How it is computed; null: as torch does.</param>
public sealed class AdamW(FlatParameters parameters, double weightDecay, double beta1 = 0.9, double beta2 = 0.999, AdamForm? form = null)
    : IDisposable
{
    private readonly AdamForm _form = form ?? AdamForm.Torch;

    /// <summary>m, the running mean of gradients (N).</summary>
    public Tensor Mean { get; } = Zeros(parameters);

    /// <summary>v, the running mean of squared gradients (N).</summary>
    public Tensor Square { get; } = Zeros(parameters);

    /// <summary>Scales all gradients so that their norm is at most a given bound.</summary>
    /// <param name="bound">The largest norm; 0 disables clipping.</param>
    /// <returns>The norm before clipping.</returns>
    public double ClipGradients(double bound)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        double norm = parameters.Gradients.norm().item<float>();
        if (bound > 0 && norm > bound) parameters.Gradients.Times_(bound / (norm + 1e-6));
        return norm;
    }

    /// <summary>Performs one update and zeroes the gradients.</summary>
    /// <param name="step">t, from 1.</param>
    /// <param name="ranges">Learning rates of consecutive ranges of the buffer.</param>
    public void Step(long step, IEnumerable<RateRange> ranges)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var g = parameters.Gradients;                                            // (N)
        Mean.Times_(beta1).Plus_(g, 1 - beta1);                                  // m = β₁m + (1−β₁)g
        Square.Times_(beta2).PlusProduct_(g, g, 1 - beta2);                      // v = β₂v + (1−β₂)g²
        var correction = Math.Sqrt(1 - Math.Pow(beta2, step));                   // √v̂ = √v / correction
        var root = Square.sqrt();                                                // (N)
        var denominator = _form.CorrectsEps                                      // (N) = √v̂ + ε, or (√v + ε) / correction
            ? root.Plus_(_form.Eps).Over_(correction)
            : root.Over_(correction).Plus_(_form.Eps);
        long from = 0;
        foreach (var (count, rate, decays) in ranges)
        {
            if (count == 0) continue;
            var values = parameters.Values.narrow(0, from, count);               // θ of the range
            if (decays && !_form.DecaysAfter) values.Times_(1 - rate * weightDecay); // θ −= ηλθ
            values.PlusQuotient_(Mean.narrow(0, from, count), denominator.narrow(0, from, count),
                -rate / (1 - Math.Pow(beta1, step)));                            // θ −= η m̂ / (√v̂ + ε)
            if (decays && _form.DecaysAfter) values.Times_(1 - rate * weightDecay); // θ −= ηλθ
            from += count;
        }
        g.zero_();
    }

    public void Dispose()
    {
        Mean.Dispose();
        Square.Dispose();
    }

    private static Tensor Zeros(FlatParameters parameters)                       // (N)
    {
        using var scope = NewDisposeScope();
        return zeros_like(parameters.Values).DetachFromDisposeScope();
    }
}

/// <summary>A range of the buffer with a learning rate of its own.</summary>
/// <param name="Count">How many numbers.</param>
/// <param name="Rate">η.</param>
/// <param name="Decays">Whether weight decay applies.</param>
public readonly record struct RateRange(long Count, double Rate, bool Decays = true);

/// <summary>The details in which implementations of AdamW differ.</summary>
/// <param name="Eps">ε.</param>
/// <param name="CorrectsEps">Whether ε is added to √v before the correction for the first steps, so that it is corrected too.</param>
/// <param name="DecaysAfter">Whether weight decay follows the step.</param>
public sealed record AdamForm(double Eps, bool CorrectsEps, bool DecaysAfter)
{
    /// <summary>torch.optim.AdamW.</summary>
    public static AdamForm Torch { get; } = new(1e-8, CorrectsEps: false, DecaysAfter: false);

    /// <summary>The AdamW that transformers had up to version 4, which PEFT's LoRA-FA follows.</summary>
    public static AdamForm Transformers { get; } = new(1e-6, CorrectsEps: true, DecaysAfter: true);
}
