using System.Text.Json.Serialization;

namespace LoraDrop.Domain;

/// <summary>HiFi: only the attention heads that are rich in information and correlated with others are trained (Gui and Xiao
/// 2023).</summary>
/// <remarks>The abstract says so much: heads are the nodes of a graph by richness of information and correlation, and PageRank gives their
/// importance. Not confirmed by any source, and chosen here: the measures (<see cref="Richness"/>, and the likeness of two heads' outputs);
/// a graph for each layer; that queries, keys and values of a head are trained, and not its part of the output layer. Heads that share keys
/// and values are one node.</remarks>
public sealed record HiFiSettings : InPlaceSettings
{
    /// <summary>The fraction of each layer's heads that is trained; (0, 1], default 0.25. At least one is.</summary>
    public double Fraction { get; init; } = 0.25;

    /// <summary>The fraction of a head's singular values, in sum, that its richness counts: how many of the largest reach it; (0, 1),
    /// default 0.9.</summary>
    public double Richness { get; init; } = 0.9;

    /// <summary>PageRank's damping; [0, 1), default 0.85. With 0, richness alone decides.</summary>
    public double Damping { get; init; } = 0.85;

    /// <summary>Texts on which the heads are measured before training; at least 1, default 300.</summary>
    public int Texts { get; init; } = 300;

    /// <summary>The differences, and the changed matrices that a pass keeps.</summary>
    [JsonIgnore]
    public override double BytesPerTrainedNumber => base.BytesPerTrainedNumber + 4 / Fraction;

    public override IEnumerable<Fault> Faults(string path)
    {
        if (Fraction is not (> 0 and <= 1)) yield return new($"{path}.fraction", $"must lie in (0, 1]; got {Fraction}");
        if (Richness is not (> 0 and < 1)) yield return new($"{path}.richness", $"must lie in (0, 1); got {Richness}");
        if (Damping is not (>= 0 and < 1)) yield return new($"{path}.damping", $"must lie in [0, 1); got {Damping}");
        if (Texts < 1) yield return new($"{path}.texts", $"must be at least 1; got {Texts}");
    }

    public override IEnumerable<Fault> TrainingFaults(TrainingSettings training) => QuantisedFaults(training);

    /// <summary>How many of a layer's heads are trained.</summary>
    public int HeadsOf(int heads) => AtLeastOne(Fraction, heads);

    /// <summary>Queries, keys and values of the heads, with their biases.</summary>
    protected override long TrainedOf(ModelSummary model)
    {
        LinearModule[] parts = [.. TargetLayers.Chosen(["q", "k", "v"], model.Modules)];
        if (parts.Length == 0) return 0;
        var width = parts[0].Out / model.Heads;
        var heads = (int)(parts.Min(part => part.Out) / width);
        var inputs = parts[0].In + (model.BiasParameters > 0 ? 1 : 0);
        return model.Layers * HeadsOf(heads) * parts.Sum(part => part.Out / heads) * inputs;
    }
}

/// <summary>The importance of heads in a graph of their correlations.</summary>
public static class HeadGraph
{
    private const double Close = 1e-12;
    private const int MostRounds = 10_000;

    /// <summary>PageRank (Brin and Page 1998): p = d·M p + (1 − d)·I/ΣI, where M leads from each head to the others in proportion to their
    /// correlation with it.</summary>
    /// <param name="correlation">Symmetric, at least 0; the diagonal is not used.</param>
    /// <param name="richness">I, above 0.</param>
    /// <param name="damping">d.</param>
    /// <returns>p, whose sum is 1.</returns>
    public static double[] PageRank(double[,] correlation, IReadOnlyList<double> richness, double damping)
    {
        var n = richness.Count;
        var (start, sum) = (new double[n], richness.Sum());
        for (var h = 0; h < n; h++) start[h] = richness[h] / sum;
        double Leaving(int from) => Enumerable.Range(0, n).Where(h => h != from).Sum(h => correlation[h, from]);
        double[] leaving = [.. Enumerable.Range(0, n).Select(Leaving)];
        var p = start;
        for (var round = 0; round < MostRounds; round++)
        {
            var lost = Enumerable.Range(0, n).Where(h => leaving[h] == 0).Sum(h => p[h]); // a head without correlations leads to any
            double Next(int h) => damping * (Enumerable.Range(0, n).Where(from => from != h && leaving[from] > 0)
                .Sum(from => correlation[h, from] / leaving[from] * p[from]) + lost * start[h]) + (1 - damping) * start[h];
            double[] next = [.. Enumerable.Range(0, n).Select(Next)];
            var moved = next.Zip(p, (one, other) => Math.Abs(one - other)).Max();
            p = next;
            if (moved < Close) break;
        }
        return p;
    }

    /// <summary>The nodes with the highest scores, in ascending order; of equal ones the first.</summary>
    public static int[] Highest(IReadOnlyList<double> scores, int count) =>
        [.. Retention.Ranked(scores).Take(count).Order()];
}

/// <summary>The attention heads that matter.</summary>
public sealed class HiFiMethod : Method<HiFiSettings>
{
    public override string Name => "hifi";

    public override string Title => "HiFi";

    public override string Summary =>
        "Queries, keys and values of the attention heads that are rich in information and correlated with others.";

    public override string Source => "Gui and Xiao 2023, arXiv 2305.04573";

    public override Placing Placing => Placing.InPlace;

    public override MethodExport Export => MethodExport.MergedModel;

    public override double? LearningRate => 5e-5;

    internal override HiFiSettings Read(JsonFields fields, HiFiSettings defaults) => new()
    {
        Fraction = fields.Number("fraction") ?? defaults.Fraction,
        Richness = fields.Number("richness") ?? defaults.Richness,
        Damping = fields.Number("damping") ?? defaults.Damping,
        Texts = fields.Integer("texts") ?? defaults.Texts,
    };
}
