using System.Text.Json.Serialization;

namespace LoraDrop.Domain;

/// <summary>The settings of a method, and the arithmetic that follows from them.</summary>
public abstract record MethodSettings
{
    /// <summary>The section of a request that holds them.</summary>
    [JsonIgnore]
    public string Section => Methods.Sections.First(section => section.Value == GetType()).Key;

    /// <summary>The module types it is placed on, as in <see cref="TargetLayers.Chosen"/>; empty if it is placed on none.</summary>
    [JsonIgnore]
    public virtual IReadOnlyList<string> Layers => [];

    /// <summary>The numbers that decide the shapes of its tensors, such as the rank.</summary>
    [JsonIgnore]
    public virtual IReadOnlyList<long> Sizes => [];

    /// <summary>Whether it trains the matrices of the model, so that the inputs of its layers are kept for their gradients.</summary>
    [JsonIgnore]
    public virtual bool TrainsMatrices => false;

    /// <summary>Whether training can take away parameters, down to none.</summary>
    [JsonIgnore]
    public virtual bool Shrinks => false;

    /// <summary>Positions of the model that it takes before every text.</summary>
    [JsonIgnore]
    public virtual int TokensBefore => 0;

    /// <summary>Those of them that the layers compute, as they do the text's own.</summary>
    [JsonIgnore]
    public virtual int WordsBefore => TokensBefore;

    /// <summary>Whether it is placed on a layer of the model, counted from 0.</summary>
    public virtual bool IsPlacedOn(int layer) => true;

    /// <summary>Bytes that training holds for each trained number: itself, its gradient, AdamW's two, the best so far.</summary>
    [JsonIgnore]
    public virtual double BytesPerTrainedNumber => 20;

    /// <summary>Faults of the settings themselves.</summary>
    /// <param name="path">The settings' path in the request.</param>
    public abstract IEnumerable<Fault> Faults(string path);

    /// <summary>Faults that only show against a model: targets that match nothing, a rank above a layer's width.</summary>
    /// <param name="path">The settings' path in the request.</param>
    /// <param name="layers">Every linear layer of the model.</param>
    public virtual IEnumerable<Fault> FitFaults(string path, IReadOnlyList<LinearModule> layers) => [];

    /// <summary>Faults that only show against the sizes of a model, such as more virtual tokens than it has positions.</summary>
    /// <param name="path">The settings' path in the request.</param>
    /// <param name="model">The base model.</param>
    public virtual IEnumerable<Fault> ModelFaults(string path, ModelSummary model) => [];

    /// <summary>Faults of sharing settings that the method's own rule out.</summary>
    /// <param name="path">The settings' path in the request.</param>
    /// <param name="sharing">The sharing settings.</param>
    public virtual IEnumerable<Fault> SharingFaults(string path, SharingSettings sharing) =>
        sharing.IsByRank
            ? [new("sharing.granularity", "must be layer with this method; rank applies to the method lora-drop")]
            : [];

    /// <summary>The fault of a method that would train nothing of a model; null if it trains something, or the summary does not
    /// tell.</summary>
    public virtual Fault? NothingToTrain(ModelSummary model) => null;

    /// <summary>Faults of the settings against the widths of the layers they are for, such as a rank above a width.</summary>
    /// <param name="path">The settings' path in the request.</param>
    /// <param name="layers">The target layers.</param>
    public virtual IEnumerable<Fault> WidthFaults(string path, IReadOnlyList<LinearModule> layers) => [];

    /// <summary>Faults of training settings that the method rules out.</summary>
    public virtual IEnumerable<Fault> TrainingFaults(TrainingSettings training) => [];

    /// <summary>The fault of quantised weights where the method trains them.</summary>
    protected static IEnumerable<Fault> QuantisedFaults(TrainingSettings training) =>
        training.Weights is WeightKind.Int8 or WeightKind.Nf4
            ? [new("training.weights",
                $"must be float32 or bfloat16, as this method trains the weights; got {JsonText.NameOf(training.Weights.Value)}")]
            : [];

    /// <summary>Weights of the model that it trains beside what it places on the layers, whatever the plan.</summary>
    /// <param name="model">The base model.</param>
    public virtual long TrainedBeside(ModelSummary model) => 0;

    /// <summary>The parameters that a plan trains, without the head.</summary>
    /// <param name="plan">The place of every target layer.</param>
    /// <param name="layer">The linear layer of a site.</param>
    /// <param name="model">The model's other sizes; null if unknown.</param>
    public abstract TrainedNumbers Count(SharingPlan plan, Func<Site, LinearModule> layer, ModelSummary? model);
}

/// <summary>Numbers that a method trains.</summary>
/// <param name="Own">Of the layers with a branch of their own.</param>
/// <param name="Shared">Of what several layers share.</param>
public readonly record struct TrainedNumbers(long Own, long Shared);

/// <summary>Settings of a method that puts a branch beside the weight of linear layers.</summary>
public abstract record BranchSettings : MethodSettings
{
    /// <summary>Reads the fields that all of them have.</summary>
    internal static T Read<T>(JsonFields fields, T defaults) where T : BranchSettings => defaults with
    {
        Dropout = fields.Number("dropout") ?? defaults.Dropout,
        Targets = fields.Texts("targets") ?? defaults.Targets,
    };

    /// <summary>Dropout probability of the branch's inputs during training; [0, 1), default 0.</summary>
    public double Dropout { get; init; }

    /// <summary>Module types that get a branch in every layer, by the model's names, part (<c>q</c>, <c>up</c>) or set (<c>attention</c>,
    /// <c>feed-forward</c>, <c>all-linear</c>); default the preset's, else query and value (the paper's GLUE runs).</summary>
    public IReadOnlyList<string> Targets { get; init; } = ["query", "value"];

    [JsonIgnore]
    public override IReadOnlyList<string> Layers => Targets;

    public override IEnumerable<Fault> Faults(string path)
    {
        if (Dropout is not (>= 0 and < 1)) yield return new($"{path}.dropout", $"must lie in [0, 1); got {Dropout}");
        if (Targets.Count == 0) yield return new($"{path}.targets", "must name at least one module type");
        if (Targets.Distinct().Count() < Targets.Count) yield return new($"{path}.targets", "must not contain duplicates");
    }

    public override IEnumerable<Fault> FitFaults(string path, IReadOnlyList<LinearModule> layers) =>
        TargetLayers.TargetFaults(Targets, layers, $"{path}.targets").Concat(WidthFaults(path, TargetLayers.Chosen(Targets, layers)));

    /// <summary>Trained numbers of the own branch of a layer.</summary>
    protected abstract long OwnNumbers(LinearModule layer);

    /// <summary>The same where the plan may have decided its rank.</summary>
    protected virtual long OwnNumbers(LinearModule layer, int? rank) => OwnNumbers(layer);

    /// <summary>Trained numbers of the branch that a number of layers of one type below the cut share.</summary>
    protected virtual long SharedNumbers(LinearModule layer, int users) => OwnNumbers(layer);

    public override TrainedNumbers Count(SharingPlan plan, Func<Site, LinearModule> layer, ModelSummary? model) => new(
        plan.Own.Sum(site => OwnNumbers(layer(site), plan.RankOf(site))),
        plan.Places.Where(place => place.Value == Place.Shared).GroupBy(place => place.Key.Type)
            .Sum(type => SharedNumbers(layer(type.First().Key), type.Count())));
}
