namespace LoraDrop.Domain;

/// <summary>What one site's LoRA put out over the sample: ‖ΔWx‖² of every example, summed over its tokens in float64.</summary>
/// <param name="Site">Where the LoRA sits.</param>
/// <param name="PerExample">‖ΔWx‖² per example of the sample, in the sample's order; padding does not count.</param>
/// <param name="Tokens">How many tokens, padding left out, the examples have together.</param>
public sealed record OutputNorms(Site Site, IReadOnlyList<double> PerExample, long Tokens)
{
    /// <summary>g = Σ over x in the sample of ‖ΔWx‖² (equation 2).</summary>
    public double G { get; } = PerExample.Sum();

    /// <summary>g divided by the number of tokens, which samples of different sizes can be compared by.</summary>
    public double PerToken => Tokens == 0 ? 0 : G / Tokens;
}
