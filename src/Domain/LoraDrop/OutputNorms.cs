namespace LoraDrop.Domain;

/// <summary>The output norms of one site's LoRA over the sample: ‖ΔWx‖² of every example, summed over its tokens in float64.</summary>
/// <param name="Site">The site of the LoRA.</param>
/// <param name="PerExample">‖ΔWx‖² per example of the sample, in the sample's order; padding does not count.</param>
/// <param name="Tokens">Total tokens of the examples, without padding.</param>
public sealed record OutputNorms(Site Site, IReadOnlyList<double> PerExample, long Tokens)
{
    /// <summary>The energies of the output's principal directions, the largest first, which sum to g: the eigenvalues of Σ ΔWx(ΔWx)ᵀ
    /// over all tokens. Null if the branch has no rank of its own.</summary>
    public IReadOnlyList<double>? Energies { get; init; }

    /// <summary>g = Σ over x in the sample of ‖ΔWx‖² (equation 2).</summary>
    public double G { get; } = PerExample.Sum();

    /// <summary>g divided by the number of tokens, comparable across sample sizes.</summary>
    public double PerToken => Tokens == 0 ? 0 : G / Tokens;
}
