namespace LoraDrop.Domain;

/// <summary>The layers of a model that target names select, and checks of targets and rank against them.</summary>
public static class TargetLayers
{
    /// <summary>The parts of a transformer layer, each with its names in papers and checkpoints.</summary>
    private static readonly string[][] Parts =
    [
        ["q", "query", "q_proj"], ["k", "key", "k_proj"], ["v", "value", "v_proj"], ["o", "attention.output.dense", "o_proj"],
        ["gate", "gate_proj"], ["up", "intermediate.dense", "up_proj"], ["down", "output.dense", "down_proj"],
    ];

    /// <summary>Named sets of parts.</summary>
    private static readonly Dictionary<string, string[][]> Sets = new()
    {
        ["attention"] = Parts[..4], ["feed-forward"] = Parts[4..], ["all-linear"] = Parts,
    };

    /// <summary>Names for several module types, independent of the model's names: <c>attention</c>, <c>feed-forward</c>,
    /// <c>all-linear</c>.</summary>
    public static IReadOnlyCollection<string> SetNames => Sets.Keys;

    /// <summary>Whether a layer's path is a name or ends in ".name", as PEFT matches <c>target_modules</c>.</summary>
    public static bool Matches(string path, string name) => path == name || path.EndsWith($".{name}", StringComparison.Ordinal);

    /// <summary>The layers that the targets select, in the model's order.</summary>
    /// <remarks>A target that PEFT would match by name selects just that. Otherwise it is a part by another family's name or the papers'
    /// (<c>q</c>, <c>query</c> for <c>q_proj</c>), or a set of <see cref="SetNames"/>.</remarks>
    /// <param name="targets"><c>query</c>, <c>attention.output.dense</c>, <c>up</c>, <c>all-linear</c>, ….</param>
    /// <param name="layers">Every linear layer of the model.</param>
    public static IReadOnlyList<LinearModule> Chosen(IReadOnlyList<string> targets, IReadOnlyList<LinearModule> layers) =>
        [.. layers.Intersect(targets.SelectMany(target => LayersOf(target, layers)))];

    /// <summary>Faults of targets that match no layer; each lists the valid targets.</summary>
    /// <param name="targets">The targets.</param>
    /// <param name="layers">Every linear layer of the model.</param>
    /// <param name="path">The targets' path in the request.</param>
    public static IEnumerable<Fault> TargetFaults(IReadOnlyList<string> targets, IReadOnlyList<LinearModule> layers, string path)
    {
        string[] types = [.. layers.Select(layer => layer.Type).Distinct()];
        return targets.Index().Where(t => Chosen([t.Item], layers).Count == 0)
            .Select(t => new Fault($"{path}[{t.Index}]",
            $"'{t.Item}' matches no layer of the model; valid are {string.Join(", ", types)}, and the sets "
            + $"{string.Join(", ", SetNames)}{Spelling.Hint(t.Item, [.. types, .. SetNames])}"));
    }

    /// <summary>The fault of a rank larger than the layer.</summary>
    /// <param name="rank">r.</param>
    /// <param name="layers">The layers with a branch; none, no fault.</param>
    /// <param name="path">The rank's path in the request.</param>
    public static Fault? RankFault(int rank, IReadOnlyList<LinearModule> layers, string path)
    {
        if (layers.MinBy(layer => Math.Min(layer.In, layer.Out)) is not { } narrowest) return null;
        var width = Math.Min(narrowest.In, narrowest.Out);
        return rank <= width ? null : new(path, $"must be at most {width}, the width of {narrowest.Type}; got {rank}");
    }

    private static LinearModule[] LayersOf(string target, IReadOnlyList<LinearModule> layers)
    {
        LinearModule[] named = [.. layers.Where(layer => Matches(layer.Path, target))];
        if (named.Length > 0) return named;
        var types = Sets.TryGetValue(target, out var parts)
            ? parts.SelectMany(names => names)
            : Parts.FirstOrDefault(names => names.Contains(target)) ?? [];
        return [.. layers.Where(layer => types.Contains(layer.Type))];
    }
}
