using System.Text.Json.Serialization;

namespace LoraDrop.Domain;

/// <summary>Settings of a method that trains weights of the model itself.</summary>
public abstract record InPlaceSettings : MethodSettings
{
    public override IEnumerable<Fault> Faults(string path) => [];

    public sealed override TrainedNumbers Count(SharingPlan plan, Func<Site, LinearModule> layer, ModelSummary? model) =>
        new(model is null ? 0 : TrainedOf(model), 0);

    /// <summary>A fraction of a number, rounded, at least 1.</summary>
    protected static int AtLeastOne(double fraction, int of) =>
        Math.Max(1, (int)Math.Round(fraction * of, MidpointRounding.AwayFromZero));

    /// <summary>How many of a model's parameters are trained, without the head; 0 if its summary does not tell.</summary>
    protected abstract long TrainedOf(ModelSummary model);
}

/// <summary>Full fine-tuning has no settings of its own.</summary>
public sealed record FullSettings : InPlaceSettings
{
    [JsonIgnore]
    public override bool TrainsMatrices => true;

    public override IEnumerable<Fault> TrainingFaults(TrainingSettings training) => QuantisedFaults(training);

    protected override long TrainedOf(ModelSummary model) => model.Parameters;
}

/// <summary>BitFit has no settings of its own.</summary>
public sealed record BitFitSettings : InPlaceSettings
{
    public override Fault? NothingToTrain(ModelSummary model) => model.BiasParameters == 0 ? Refusal : null;

    /// <summary>Decoders such as Llama have no biases.</summary>
    public static Fault Refusal => new("method", "the model has no biases, which are all that bitfit trains");

    protected override long TrainedOf(ModelSummary model) => model.BiasParameters ?? 0;
}

/// <summary>Fine-tuning of the upper layers.</summary>
public sealed record LastLayersSettings : InPlaceSettings
{
    /// <summary>The fraction of the layers, from the top, that is trained; (0, 1], default 0.25. At least one layer is.</summary>
    public double Fraction { get; init; } = 0.25;

    public override IEnumerable<Fault> Faults(string path)
    {
        if (Fraction is not (> 0 and <= 1)) yield return new($"{path}.fraction", $"must lie in (0, 1]; got {Fraction}");
    }

    [JsonIgnore]
    public override bool TrainsMatrices => true;

    public override IEnumerable<Fault> TrainingFaults(TrainingSettings training) => QuantisedFaults(training);

    /// <summary>How many of a model's layers are trained.</summary>
    public int LayersOf(int layers) => AtLeastOne(Fraction, layers);

    protected override long TrainedOf(ModelSummary model) => LayersOf(model.Layers) * (model.LayerParameters ?? 0);
}

/// <summary>Every weight of the model: the paper's upper baseline.</summary>
public sealed class FullMethod : Method<FullSettings>
{
    public override string Name => "full";

    public override string Title => "Full fine-tuning";

    public override string Summary => "Every weight of the model.";

    public override string Source => "Devlin et al. 2019, arXiv 1810.04805";

    public override Placing Placing => Placing.InPlace;

    public override MethodExport Export => MethodExport.MergedModel;

    /// <summary>The middle of those in Liu et al. 2019 (RoBERTa), table 10.</summary>
    public override double? LearningRate => 2e-5;

    internal override FullSettings Read(JsonFields fields, FullSettings defaults) => defaults;
}

/// <summary>The biases alone.</summary>
public sealed class BitFitMethod : Method<BitFitSettings>
{
    public override string Name => "bitfit";

    public override string Title => "BitFit";

    public override string Summary => "The biases of the model.";

    public override string Source => "Ben Zaken et al. 2022, arXiv 2106.10199";

    public override Placing Placing => Placing.InPlace;

    public override MethodExport Export => MethodExport.MergedModel;

    /// <summary>The lower end of those in Ben Zaken et al. 2022, section 3.</summary>
    public override double? LearningRate => 4e-4;

    internal override BitFitSettings Read(JsonFields fields, BitFitSettings defaults) => defaults;
}

/// <summary>The upper layers alone.</summary>
public sealed class LastLayersMethod : Method<LastLayersSettings>
{
    public override string Name => "last-quarter";

    public override string Title => "Last quarter";

    public override string Summary => "The weights of the upper quarter of the layers, or of another fraction.";

    public override string Source => "Lee et al. 2019, arXiv 1911.03090";

    public override Placing Placing => Placing.InPlace;

    public override MethodExport Export => MethodExport.MergedModel;

    public override double? LearningRate => 2e-5;

    internal override LastLayersSettings Read(JsonFields fields, LastLayersSettings defaults) =>
        new() { Fraction = fields.Number("fraction") ?? defaults.Fraction };
}
