using System.Text.Json.Serialization;

namespace LoraDrop.Domain;

/// <summary>Diff pruning: w + z ∘ δ with gates z from a stretched concrete distribution, of which the loss has the expected number that is
/// not 0; then only the largest differences stay (Guo et al. 2021, sections 3.1 and 3.2).</summary>
/// <remarks>The stretch is (−1.5, 1.5), and gates start at α = 5 with a learning rate of 0.1, as in the public code.</remarks>
public sealed record DiffPruningSettings : InPlaceSettings
{
    /// <summary>The fraction of the model's parameters that differ at the end; (0, 1), default 0.005 (the paper's).</summary>
    public double Keep { get; init; } = 0.005;

    /// <summary>λ, the weight of the expected number of gates that are not 0 in the loss; at least 0, default 1.25e-7 (the public
    /// code's).</summary>
    public double Lambda { get; init; } = 1.25e-7;

    /// <summary>Whether each tensor has a gate of its own too, which multiplies those of its numbers (section 3.3); default yes.</summary>
    public bool Structured { get; init; } = true;

    /// <summary>The fraction of the steps after which the largest differences are chosen; the others are 0 from then on, and those that
    /// stay are trained without gates; (0, 1], default 0.5: the public code trains as long before as after.</summary>
    public double GatedFraction { get; init; } = 0.5;

    [JsonIgnore]
    public override bool TrainsMatrices => true;

    /// <summary>For every parameter of the model: difference and gate with gradient, moments and best (40), the choice (4), and what a pass
    /// keeps of the gate, the noise and the changed weight. Measured.</summary>
    [JsonIgnore]
    public override double BytesPerTrainedNumber => 80 / Keep;

    public override IEnumerable<Fault> Faults(string path)
    {
        if (Keep is not (> 0 and < 1)) yield return new($"{path}.keep", $"must lie in (0, 1); got {Keep}");
        if (Lambda is not (>= 0 and < double.PositiveInfinity)) yield return new($"{path}.lambda", $"must be at least 0; got {Lambda}");
        if (GatedFraction is not (> 0 and <= 1)) yield return new($"{path}.gatedFraction", $"must lie in (0, 1]; got {GatedFraction}");
    }

    public override IEnumerable<Fault> TrainingFaults(TrainingSettings training) => QuantisedFaults(training);

    /// <summary>How many of a number of differences are kept; at least 1.</summary>
    public long Kept(long numbers) => Math.Max(1, (long)(Keep * numbers));

    /// <summary>The step after which they are chosen, in a stage of a number of steps.</summary>
    public int ChosenAfter(int steps) => AtLeastOne(GatedFraction, steps);

    protected override long TrainedOf(ModelSummary model) => Kept(model.Parameters);
}

/// <summary>A sparse difference to the weights.</summary>
public sealed class DiffPruningMethod : Method<DiffPruningSettings>
{
    public override string Name => "diff-pruning";

    public override string Title => "Diff pruning";

    public override string Summary => "A sparse difference to the weights: gates learn which numbers change, and the largest changes stay.";

    public override string Source => "Guo et al. 2021, arXiv 2012.07463";

    public override Placing Placing => Placing.InPlace;

    public override MethodExport Export => MethodExport.MergedModel;

    /// <summary>The public code's, for training without gates.</summary>
    public override double? LearningRate => 5e-5;

    internal override DiffPruningSettings Read(JsonFields fields, DiffPruningSettings defaults) => new()
    {
        Keep = fields.Number("keep") ?? defaults.Keep,
        Lambda = fields.Number("lambda") ?? defaults.Lambda,
        Structured = fields.Flag("structured") ?? defaults.Structured,
        GatedFraction = fields.Number("gatedFraction") ?? defaults.GatedFraction,
    };
}
