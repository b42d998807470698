namespace LoraDrop.Domain;

/// <summary>The importance of one site.</summary>
/// <param name="Type">Module type.</param>
/// <param name="Layer">Layer, from 0.</param>
/// <param name="G">g = Σ‖ΔWx‖² over the sample (equation 2), α_lora/r included.</param>
/// <param name="PerToken">g per token of the sample.</param>
/// <param name="I">Importance in [0, 1] (equation 3).</param>
/// <param name="Place">What the site uses in task adaptation.</param>
/// <param name="Norms">Distribution of ‖ΔWx‖² over the sample, with the same range for all layers of a type so that they can be
/// compared.</param>
public sealed record SiteImportance(string Type, int Layer, double G, double PerToken, double I, Place Place, Histogram Norms);

/// <summary>The result of stage 1: the importance of each LoRA, and the resulting plan.</summary>
/// <param name="Scope">The scope of normalisation.</param>
/// <param name="Threshold">T, or null if a number of layers was given instead.</param>
/// <param name="Examples">Number of examples in the sample D_s.</param>
/// <param name="Tokens">Number of tokens in the sample, without padding.</param>
/// <param name="Sites">Ordered by type, then layer.</param>
/// <param name="Remarks">Notes on the plan.</param>
public sealed record ImportanceReport(ImportanceScope Scope, double? Threshold, int Examples, long Tokens,
    IReadOnlyList<SiteImportance> Sites, IReadOnlyList<string> Remarks)
{
    public static ImportanceReport From(IReadOnlyList<OutputNorms> norms, IReadOnlyDictionary<Site, double> importance,
        SharingPlan plan, ImportanceScope scope, double? threshold)
    {
        var widest = norms.GroupBy(n => n.Site.Type)
            .ToDictionary(type => type.Key, type => type.Max(n => n.PerExample.DefaultIfEmpty().Max()));
        var sites = plan.Places.Select(place =>
        {
            var n = norms.First(n => n.Site == place.Key);
            return new SiteImportance(n.Site.Type, n.Site.Layer, n.G, n.PerToken, importance[n.Site], place.Value,
                Histogram.Of(n.PerExample, 0, widest[n.Site.Type]));
        });
        return new(scope, threshold, norms[0].PerExample.Count, norms[0].Tokens, [.. sites], plan.Remarks);
    }

    /// <summary>I of every site.</summary>
    public IReadOnlyDictionary<Site, double> Importance() => Sites.ToDictionary(s => new Site(s.Type, s.Layer), s => s.I);

    /// <summary>The plan of this report.</summary>
    public SharingPlan Plan() => SharingPlan.Of(Sites.Select(s => KeyValuePair.Create(new Site(s.Type, s.Layer), s.Place)));

    /// <summary>The same importance under other sharing settings, without measuring again.</summary>
    /// <param name="sharing">T or k, and the selection.</param>
    /// <param name="seed">Seeds <see cref="Selection.Random"/>.</param>
    public ImportanceReport CutBy(SharingSettings sharing, long seed)
    {
        var plan = SharingPlan.From(Importance(), sharing.Threshold ?? 1, sharing.Keep, sharing.Select, sharing.Remainder, seed);
        return this with
        {
            Threshold = sharing.Threshold,
            Remarks = plan.Remarks,
            Sites = [.. Sites.Select(s => s with { Place = plan[new Site(s.Type, s.Layer)] })],
        };
    }
}
