using System.Globalization;

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

    private SharingPlan(IEnumerable<KeyValuePair<Site, Place>> places, IReadOnlyList<string> remarks,
        IReadOnlyDictionary<Site, int>? ranks = null)
    {
        Ranks = ranks ?? new Dictionary<Site, int>();
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

    /// <summary>The ranks of the sites with their own LoRA, if importance has decided them; else empty: the settings'.</summary>
    public IReadOnlyDictionary<Site, int> Ranks { get; }

    public Place this[Site site] => _places[site];

    /// <summary>The rank that the plan gives a site's own LoRA; null if the settings do.</summary>
    public int? RankOf(Site site) => Ranks.TryGetValue(site, out var rank) ? rank : null;

    /// <summary>The sites with their own LoRA.</summary>
    public IEnumerable<Site> Own => _places.Where(p => p.Value == Place.Own).Select(p => p.Key);

    /// <summary>The module types that have a shared LoRA.</summary>
    public IEnumerable<string> SharedTypes => _places.Where(p => p.Value == Place.Shared).Select(p => p.Key.Type).Distinct();

    /// <summary>Every site has its own LoRA: ordinary LoRA.</summary>
    public static SharingPlan OwnEverywhere(IEnumerable<Site> sites) => new(sites.Select(site => KeyValuePair.Create(site, Place.Own)), []);

    /// <summary>A plan with exactly these places, and ranks if importance has decided them.</summary>
    public static SharingPlan Of(IEnumerable<KeyValuePair<Site, Place>> places, IReadOnlyDictionary<Site, int>? ranks = null) =>
        new(places, [], ranks);

    /// <summary>Only these sites have a LoRA: how table 3 evaluates a trained adapter.</summary>
    public static SharingPlan Only(IEnumerable<Site> sites, IReadOnlySet<Site> on) =>
        new(sites.Select(site => KeyValuePair.Create(site, on.Contains(site) ? Place.Own : Place.None)), []);

    /// <summary>The plan of §3.2: keep the layers that together reach T, and let the others share one LoRA per module type.</summary>
    /// <param name="importance">I of every site.</param>
    /// <param name="sharing">T or k, the selection, and what the other layers use.</param>
    /// <param name="seed">Seeds <see cref="Selection.Random"/>.</param>
    public static SharingPlan From(IReadOnlyDictionary<Site, double> importance, SharingSettings sharing, long seed = 0)
    {
        var (rule, remainder) = (sharing.Select, sharing.Remainder);
        var places = new Dictionary<Site, Place>();
        var remarks = new List<string>();
        foreach (var type in importance.GroupBy(site => site.Key.Type))
        {
            var sites = type.OrderBy(site => site.Key.Layer).ToArray();
            var I = sites.Select(site => site.Value).ToArray();
            var k = Math.Min(sharing.Keep ?? Retention.Count(I, sharing.Threshold!.Value), I.Length);
            var own = Retention.Choose(I, k, rule, SplitMix64.For(seed, "selection")).Select(index => sites[index].Key).ToHashSet();
            if (sharing.Threshold is { IsAuto: true })
                remarks.Add(SpreadRemark(type.Key, I, $"of its {I.Length} layers, so {k} keep their own LoRA"));
            Settle([.. sites.Select(site => site.Key)], own, remainder, places, remarks);
        }
        return new(places, remarks);
    }

    /// <summary>The plan by ranks: of all output directions of a module type's LoRAs, keep those with the most energy that together reach
    /// T. A layer gets as many ranks as directions of its own are kept; layers without any share a LoRA.</summary>
    /// <param name="energies">The energies of every site's directions, which sum to its g.</param>
    /// <param name="sharing">T, and what the layers without a rank use.</param>
    public static SharingPlan ByRank(IReadOnlyDictionary<Site, IReadOnlyList<double>> energies, SharingSettings sharing)
    {
        var (places, ranks, remarks) = (new Dictionary<Site, Place>(), new Dictionary<Site, int>(), new List<string>());
        foreach (var type in energies.GroupBy(site => site.Key.Type))
        {
            var sites = type.Select(site => site.Key).OrderBy(site => site.Layer).ToArray();
            var directions = sites.SelectMany(site => energies[site].Select(energy => (Site: site, Energy: energy))).ToArray();
            var total = directions.Sum(direction => direction.Energy);
            double[] shares = [.. directions.Select(direction => direction.Energy / total)];
            var kept = Retention.Ranked(shares).Take(Retention.Count(shares, sharing.Threshold!.Value))
                .GroupBy(index => directions[index].Site).ToDictionary(site => site.Key, site => site.Count());
            if (sharing.Threshold is { IsAuto: true })
                remarks.Add(SpreadRemark(type.Key, shares, $"of its {shares.Length} directions, so {kept.Values.Sum()} are kept"));
            var own = kept.Keys.ToHashSet();
            Settle(sites, own, sharing.Remainder, places, remarks);
            foreach (var site in own) ranks[site] = kept.TryGetValue(site, out var rank) ? rank : energies[site].Count;
        }
        return new(places, remarks, ranks);
    }

    /// <summary>Places the layers of one type. The only one below the cut has no other to share with, and is added to those with their
    /// own.</summary>
    private static void Settle(Site[] sites, HashSet<Site> own, Remainder remainder, Dictionary<Site, Place> places,
        List<string> remarks)
    {
        if (remainder == Remainder.Share && own.Count == sites.Length - 1)
        {
            var single = sites.First(site => !own.Contains(site));
            own.Add(single);
            remarks.Add($"{single} is the only {single.Type} layer below the cut. It has no other layer to share with, so it keeps its own "
                + "LoRA.");
        }
        foreach (var site in sites)
            places[site] = own.Contains(site) ? Place.Own : remainder == Remainder.Share ? Place.Shared : Place.None;
    }

    private static string SpreadRemark(string type, IReadOnlyList<double> shares, string kept) => string.Create(
        CultureInfo.InvariantCulture, $"The importance of {type} is spread over {Retention.Spread(shares):0.0} {kept}.");
}
