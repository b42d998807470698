namespace LoraDrop.Domain;

/// <summary>The cut: which layers of one module type keep their own LoRA.</summary>
public static class Retention
{
    /// <summary>Tolerance of a float64 sum for having reached T.</summary>
    public const double Slack = 1e-12;

    /// <summary>The fewest layers, most important first, whose cumulative importance reaches T; ties go to the lower layer. T = 1 keeps
    /// every layer.</summary>
    /// <param name="importance">I per layer; sums to 1.</param>
    /// <param name="T">The threshold, in (0, 1].</param>
    public static IReadOnlyList<int> Kept(IReadOnlyList<double> importance, double T)
    {
        if (T >= 1) return Ranked(importance);
        var kept = new List<int>();
        var reached = 0.0;
        foreach (var layer in Ranked(importance))
        {
            if (reached >= T - Slack) break;
            kept.Add(layer);
            reached += importance[layer];
        }
        return kept;
    }

    /// <summary>How many are kept: the fewest that reach T, or with <c>auto</c> as many as importance is spread over.</summary>
    /// <param name="importance">I; sums to 1.</param>
    /// <param name="threshold">T or auto.</param>
    public static int Count(IReadOnlyList<double> importance, Threshold threshold) => threshold.T is { } T
        ? Kept(importance, T).Count
        : (int)Math.Ceiling(Spread(importance) - Slack * importance.Count);

    /// <summary>The number over which importance is effectively spread: 1/Σ I², which is n if all n are equal, and 1 if one has
    /// all.</summary>
    public static double Spread(IReadOnlyList<double> importance) => 1 / importance.Sum(I => I * I);

    /// <summary>Layers from most to least important; ties go to the lower layer.</summary>
    public static IReadOnlyList<int> Ranked(IReadOnlyList<double> importance) =>
        [.. importance.Index().OrderByDescending(l => l.Item).ThenBy(l => l.Index).Select(l => l.Index)];

    /// <summary>The layers that keep their own LoRA under a rule, in ascending order.</summary>
    /// <param name="importance">I per layer.</param>
    /// <param name="k">How many layers the method keeps, 1 to the number of layers.</param>
    /// <param name="rule">The selection rule.</param>
    /// <param name="random">The stream that <see cref="Selection.Random"/> draws from.</param>
    public static IReadOnlyList<int> Choose(IReadOnlyList<double> importance, int k, Selection rule, SplitMix64 random)
    {
        var layers = importance.Count;
        return [.. (rule switch
        {
            Selection.Importance => Ranked(importance).Take(k),
            Selection.Inverse => Ranked(importance).Skip(k),
            Selection.Random => Drawn(layers, random).Take(k),
            Selection.Top => Enumerable.Range(layers - k, k),
        }).Order()];
    }

    private static int[] Drawn(int layers, SplitMix64 random)
    {
        var order = Enumerable.Range(0, layers).ToArray();
        random.Shuffle(order);
        return order;
    }
}
