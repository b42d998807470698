using System.Text.Json.Serialization;

namespace LoraDrop.Domain;

/// <summary>IA³: the outputs of keys and values, and the inputs of the last feed-forward layer, times a vector each (Liu et al. 2022,
/// section 3.3).</summary>
public sealed record Ia3Settings : BranchSettings
{
    /// <summary>Keys, values and the last layer of the feed-forward, as in the paper.</summary>
    public Ia3Settings() => Targets = ["k", "v", "down"];

    /// <summary>Those of the targets of which the input is scaled, not the output; default <c>down</c>. They must be among the targets.
    /// PEFT's default for BERT and RoBERTa has the output layer of attention too.</summary>
    public IReadOnlyList<string> FeedForward { get; init; } = ["down"];

    [JsonIgnore]
    public override IReadOnlyList<long> Sizes => [];

    public override IEnumerable<Fault> Faults(string path)
    {
        if (Dropout != 0) yield return new($"{path}.dropout", $"must be 0, as a vector that scales drops nothing; got {Dropout}");
        if (FeedForward.Distinct().Count() < FeedForward.Count) yield return new($"{path}.feedForward", "must not contain duplicates");
        foreach (var fault in base.Faults(path)) yield return fault;
    }

    public override IEnumerable<Fault> FitFaults(string path, IReadOnlyList<LinearModule> layers)
    {
        Fault[] faults = [.. base.FitFaults(path, layers), .. TargetLayers.TargetFaults(FeedForward, layers, $"{path}.feedForward")];
        foreach (var fault in faults) yield return fault;
        if (faults.Length > 0) yield break;
        string[] missing = [.. TargetLayers.Chosen(FeedForward, layers).Except(TargetLayers.Chosen(Targets, layers))
            .Select(layer => layer.Type).Distinct()];
        if (missing.Length > 0)
            yield return new($"{path}.feedForward", $"must be among the targets, which lack {string.Join(", ", missing)}");
    }

    /// <summary>Whether the input of a target layer is scaled.</summary>
    public bool ScalesInputOf(LinearModule layer) => TargetLayers.Chosen(FeedForward, [layer]).Count > 0;

    protected override long OwnNumbers(LinearModule layer) => ScalesInputOf(layer) ? layer.In : layer.Out;
}

/// <summary>Vectors that scale.</summary>
public sealed class Ia3Method : Method<Ia3Settings>
{
    public override string Name => "ia3";

    public override string Title => "IA³";

    public override string Summary => "Vectors that scale the keys, the values, and the inner activations of the feed-forward.";

    public override string Source => "Liu et al. 2022, arXiv 2205.05638";

    public override MethodExport Export => MethodExport.Peft;

    /// <summary>That of Liu et al. 2022, section 4.1.</summary>
    public override double? LearningRate => 3e-3;

    internal override Ia3Settings Read(JsonFields fields, Ia3Settings defaults) => BranchSettings.Read(fields, defaults) with
    {
        FeedForward = fields.Texts("feedForward") ?? defaults.FeedForward,
    };
}
