namespace LoraDrop.Domain;

/// <summary>What a site uses in task adaptation.</summary>
public enum Place
{
    /// <summary>Its own LoRA.</summary>
    Own,

    /// <summary>The LoRA shared by all layers of its module type below the cut.</summary>
    Shared,

    /// <summary>No LoRA (the paper's ablation "w/o share").</summary>
    None,
}

/// <summary>Which sites keep their own LoRA, share one, or have none.</summary>
public sealed class SharingPlan
{
    private readonly SortedDictionary<Site, Place> _places;

    private SharingPlan(IEnumerable<KeyValuePair<Site, Place>> places, IReadOnlyList<string> remarks)
    {
        _places =
            new(Comparer<Site>.Create((a, b) => (string.CompareOrdinal(a.Type, b.Type),
                a.Layer.CompareTo(b.Layer)) switch { (0, var layer) => layer, var (type, _) => type }));
        foreach (var (site, place) in places) _places[site] = place;
        Remarks = remarks;
    }

    /// <summary>The place of every site, by type and layer.</summary>
    public IReadOnlyDictionary<Site, Place> Places => _places;

    /// <summary>Notes on the plan, such as a layer kept because it had no other to share with.</summary>
    public IReadOnlyList<string> Remarks { get; }

    public Place this[Site site] => _places[site];

    /// <summary>The sites with their own LoRA.</summary>
    public IEnumerable<Site> Own => _places.Where(p => p.Value == Place.Own).Select(p => p.Key);

    /// <summary>The module types that have a shared LoRA.</summary>
    public IEnumerable<string> SharedTypes => _places.Where(p => p.Value == Place.Shared).Select(p => p.Key.Type).Distinct();

    /// <summary>Every site has its own LoRA: ordinary LoRA.</summary>
    public static SharingPlan OwnEverywhere(IEnumerable<Site> sites) => new(sites.Select(site => KeyValuePair.Create(site, Place.Own)), []);

    /// <summary>A plan with exactly these places.</summary>
    public static SharingPlan Of(IEnumerable<KeyValuePair<Site, Place>> places) => new(places, []);

    /// <summary>Only these sites have a LoRA: how table 3 evaluates a trained adapter.</summary>
    public static SharingPlan Only(IEnumerable<Site> sites, IReadOnlySet<Site> on) =>
        new(sites.Select(site => KeyValuePair.Create(site, on.Contains(site) ? Place.Own : Place.None)), []);

    /// <summary>The plan of §3.2: keep the layers that together reach T, and let the others share one LoRA per module type.</summary>
    /// <param name="importance">I of every site.</param>
    /// <param name="threshold">T in (0, 1]; ignored if <paramref name="keep"/> is given.</param>
    /// <param name="keep">Number of layers per module type that keep their own LoRA; null to use T.</param>
    /// <param name="rule">The selection rule.</param>
    /// <param name="remainder">What the other layers use.</param>
    /// <param name="seed">Seeds <see cref="Selection.Random"/>.</param>
    public static SharingPlan From(IReadOnlyDictionary<Site, double> importance, double threshold, int? keep = null,
        Selection rule = Selection.Importance, Remainder remainder = Remainder.Share, long seed = 0)
    {
        var places = new Dictionary<Site, Place>();
        var remarks = new List<string>();
        foreach (var type in importance.GroupBy(site => site.Key.Type))
        {
            var sites = type.OrderBy(site => site.Key.Layer).ToArray();
            var I = sites.Select(site => site.Value).ToArray();
            var k = Math.Min(keep ?? Retention.Kept(I, threshold).Count, I.Length);
            var own = Retention.Choose(I, k, rule, SplitMix64.For(seed, "selection")).ToHashSet();
            if (remainder == Remainder.Share && own.Count == I.Length - 1)
            {
                var single = Enumerable.Range(0, I.Length).First(index => !own.Contains(index));
                own.Add(single);
                remarks.Add($"{sites[single].Key} is the only {type.Key} layer below the cut. It has no other layer to share "
                    + "with, so it keeps its own LoRA.");
            }
            foreach (var (index, (site, _)) in sites.Index())
                places[site] = own.Contains(index) ? Place.Own : remainder == Remainder.Share ? Place.Shared : Place.None;
        }
        return new(places, remarks);
    }
}
