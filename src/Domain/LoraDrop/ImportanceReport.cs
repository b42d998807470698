using System.Text.Json.Serialization;

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
public sealed record SiteImportance(string Type, int Layer, double G, double PerToken, double I, Place Place, Histogram Norms)
{
    /// <summary>The energies of the output's principal directions, the largest first; they sum to g. Null if the method has none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<double>? Energies { get; init; }

    /// <summary>The rank of the site's own LoRA in task adaptation, if importance has decided it; else null.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Rank { get; init; }

    internal Site Site => new(Type, Layer);
}

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
    /// <summary>The report of what was measured.</summary>
    /// <param name="norms">The output norms of every site.</param>
    /// <param name="importance">I of every site.</param>
    /// <param name="scope">The scope in which I sums to 1.</param>
    /// <param name="sharing">The cut.</param>
    /// <param name="seed">Seeds <see cref="Selection.Random"/>.</param>
    public static ImportanceReport From(IReadOnlyList<OutputNorms> norms, IReadOnlyDictionary<Site, double> importance,
        ImportanceScope scope, SharingSettings sharing, long seed = 0)
    {
        var energies = norms.ToDictionary(n => n.Site, n => n.Energies);
        var sites = SiteOutputs.Of(norms).Select(site => new SiteImportance(site.Type, site.Layer, site.G, site.PerToken,
            importance[new(site.Type, site.Layer)], Place.Own, site.Norms) { Energies = energies[new(site.Type, site.Layer)] });
        return new ImportanceReport(scope, null, norms[0].PerExample.Count, norms[0].Tokens, [.. sites], []).CutBy(sharing, seed);
    }

    /// <summary>I of every site.</summary>
    public IReadOnlyDictionary<Site, double> Importance() => Sites.ToDictionary(s => s.Site, s => s.I);

    /// <summary>The plan of this report.</summary>
    public SharingPlan Plan() => SharingPlan.Of(Sites.Select(s => KeyValuePair.Create(s.Site, s.Place)),
        Sites.Where(s => s.Rank is not null).ToDictionary(s => s.Site, s => s.Rank!.Value));

    /// <summary>Whether importance decides the rank of each LoRA.</summary>
    [JsonIgnore]
    public bool IsByRank => Sites.Any(s => s.Rank is not null);

    /// <summary>Whether it can be cut so: ranks only if the energies of directions were measured.</summary>
    public bool CanBeCutBy(SharingSettings sharing) => !sharing.IsByRank || Sites.All(s => s.Energies is not null);

    /// <summary>The same importance under other sharing settings, without measuring again.</summary>
    /// <param name="sharing">T or k, and the selection.</param>
    /// <param name="seed">Seeds <see cref="Selection.Random"/>.</param>
    /// <exception cref="RefusedInputException">Ranks are to be cut, and their energies were not measured.</exception>
    public ImportanceReport CutBy(SharingSettings sharing, long seed)
    {
        if (!CanBeCutBy(sharing)) throw new RefusedInputException("sharing.granularity", SharingSettings.NoEnergies);
        var plan = sharing.IsByRank
            ? SharingPlan.ByRank(Sites.ToDictionary(s => s.Site, s => s.Energies!), sharing)
            : SharingPlan.From(Importance(), sharing, seed);
        return this with
        {
            Threshold = sharing.Threshold?.T,
            Remarks = plan.Remarks,
            Sites = [.. Sites.Select(s => s with { Place = plan[s.Site], Rank = plan.RankOf(s.Site) })],
        };
    }
}
