namespace LoraDrop.Domain;

/// <summary>What the branch of one site puts out, summed up.</summary>
/// <param name="Type">Module type.</param>
/// <param name="Layer">Layer, from 0.</param>
/// <param name="G">g = Σ‖ΔWx‖² over the sample.</param>
/// <param name="PerToken">g per token of the sample.</param>
/// <param name="Norms">Distribution of ‖ΔWx‖² over the sample, with the same range for all layers of a type.</param>
public sealed record SiteOutputs(string Type, int Layer, double G, double PerToken, Histogram Norms)
{
    /// <summary>Of every site, ordered by type, then layer.</summary>
    public static IReadOnlyList<SiteOutputs> Of(IReadOnlyList<OutputNorms> norms)
    {
        var widest = norms.GroupBy(n => n.Site.Type)
            .ToDictionary(type => type.Key, type => type.Max(n => n.PerExample.DefaultIfEmpty().Max()));
        return [.. norms.OrderBy(n => n.Site.Type, StringComparer.Ordinal).ThenBy(n => n.Site.Layer).Select(n =>
            new SiteOutputs(n.Site.Type, n.Site.Layer, n.G, n.PerToken, Histogram.Of(n.PerExample, 0, widest[n.Site.Type])))];
    }
}

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
