using LoraDrop.Domain;

namespace LoraDrop.Engine.Runs;

/// <summary>Primary scores of a trained adapter with all its layers on, with the important ones only, with as many of the least important
/// only, and with none (table 3 of the paper).</summary>
/// <param name="All">With every branch.</param>
/// <param name="LargeOnly">With the branches of <paramref name="Kept"/>.</param>
/// <param name="SmallOnly">With as many of the least important layers.</param>
/// <param name="None">With no branch: the head alone was trained.</param>
/// <param name="Kept">Per module type, the important layers, the most important first.</param>
public sealed record SwitchedOff(double All, double LargeOnly, double SmallOnly, double None,
    IReadOnlyDictionary<string, IReadOnlyList<int>> Kept);

/// <summary>Table 3's check of importance: without retraining, the other layers' branches are switched off. Keeping the important ones must
/// beat keeping the others.</summary>
public static class SwitchOff
{
    /// <summary>Measures the importance of the trained branches on a set, and scores with some of them.</summary>
    /// <param name="model">The model, with the adapter on it.</param>
    /// <param name="sites">The adapter's layers.</param>
    /// <param name="measured">The set on which importance is measured.</param>
    /// <param name="scored">The set that is scored.</param>
    /// <param name="task">The task.</param>
    /// <param name="batchSize">Texts per batch.</param>
    /// <param name="keep">How many layers of a module type stay on, of their importance by layer, which sums to 1.</param>
    /// <param name="cancel">Cancels it.</param>
    public static SwitchedOff Of(FrozenModel model, IReadOnlyList<AdapterSite> sites, EncodedSet measured, EncodedSet scored,
        TaskSettings task, int batchSize, Func<string, IReadOnlyList<double>, int> keep, CancellationToken cancel)
    {
        var norms = ImportancePass.Over(model, sites, measured, batchSize, cancel);
        var types = Importance.Of(norms.ToDictionary(n => n.Site, n => n.G), ImportanceScope.PerType).GroupBy(site => site.Key.Type)
            .Select(type => type.OrderBy(site => site.Key.Layer).ToArray())
            .Select(layers => (Type: layers[0].Key.Type, I: (IReadOnlyList<double>)[.. layers.Select(layer => layer.Value)],
                Layers: layers.Select(layer => layer.Key.Layer).ToArray()))
            .Select(type => (type.Type, k: keep(type.Type, type.I), Ranked: Retention.Ranked(type.I).Select(i => type.Layers[i]).ToArray()))
            .ToArray();
        double With(Func<int[], int, IEnumerable<int>> chosen) => ScoreWith(model, sites,
            [.. types.SelectMany(type => chosen(type.Ranked, type.k).Select(layer => new Site(type.Type, layer)))], scored, task, batchSize,
            cancel);
        return new(With((ranked, _) => ranked), With((ranked, k) => ranked.Take(k)), With((ranked, k) => ranked.Reverse().Take(k)),
            With((_, _) => []), types.ToDictionary(type => type.Type, type => (IReadOnlyList<int>)[.. type.Ranked.Take(type.k)]));
    }

    /// <summary>The primary score with the branches of some sites only; the others are switched off, and on again afterwards.</summary>
    private static double ScoreWith(FrozenModel model, IReadOnlyList<AdapterSite> sites, HashSet<Site> on, EncodedSet set,
        TaskSettings task, int batchSize, CancellationToken cancel)
    {
        var off = sites.Where(site => !on.Contains(site.Site)).Select(site => (site.Linear, site.Linear.Branch)).ToArray();
        try
        {
            foreach (var (linear, _) in off) linear.Branch = null;
            return Evaluation.ScoresOf(model, set, task, batchSize, cancel).Scores.PrimaryValue;
        }
        finally
        {
            foreach (var (linear, branch) in off) linear.Branch = branch;
        }
    }
}
