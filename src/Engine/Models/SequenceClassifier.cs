using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Models;

/// <summary>A base model with a classification or regression head.</summary>
public sealed class SequenceClassifier : FrozenModel
{
    private readonly ClassificationHead _head;

    /// <summary>Builds the model from weights.</summary>
    /// <param name="config">The architecture.</param>
    /// <param name="weights">Source of its weights.</param>
    /// <param name="classes">Number of logits; 1 is a regression.</param>
    /// <param name="seed">Seeds a head missing from the weights.</param>
    /// <param name="device">The weights' device.</param>
    /// <param name="kind">Format of the layers' matrices; null: as stored.</param>
    /// <param name="names">The task's classes in logit order, to which a stored output layer is reordered; null: it is in order.</param>
    /// <param name="shared">Keeps the weights for further models; null: they end with this one.</param>
    public SequenceClassifier(ModelConfig config, IWeights weights, int classes, long seed, Device device, WeightKind? kind = null,
        IReadOnlyList<string>? names = null, SharedWeights? shared = null) : base(config, weights, device, kind, shared)
    {
        Classes = classes;
        var output = $"{ClassificationHead.OutputOf(config)}.weight";
        var rows = HeadRows.Of(Weights.Contains(output) ? Weights.ShapeOf(output)[0] : null, config.HeadClasses, classes, names);
        Remark = rows.Remark;
        _head = ClassificationHead.From(config, Weights, classes, rows.Order, seed, Masks);
    }

    /// <summary>Number of logits; 1 is a regression.</summary>
    public int Classes { get; }

    public override string? Remark { get; }

    public override IReadOnlyList<Linear> TrainedHead => _head.Trained;

    public override IReadOnlyList<Linear> Head => _head.All;

    public override IReadOnlyList<string> ModulesToSave => _head.ModulesToSave;

    public override string ClassName => Config.ClassifierClass;

    public override string PeftTask => "SEQ_CLS";

    /// <summary>Opens a model folder for a task.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="names">The task's classes, in logit order; null: a regression.</param>
    /// <param name="seed">Seeds a head missing from the weights.</param>
    /// <param name="device">The weights' device.</param>
    /// <param name="kind">Format of the layers' matrices; null: as stored.</param>
    /// <param name="shared">Keeps the weights for further models; null: they end with this one.</param>
    /// <exception cref="RefusedInputException">The folder's configuration or weights are not usable.</exception>
    public static SequenceClassifier Open(string folder, IReadOnlyList<string>? names, long seed, Device device, WeightKind? kind = null,
        SharedWeights? shared = null)
    {
        var config = ModelConfig.Read(folder);
        using var weights = ModelFolder.Open(folder, TypeOn(device, kind), device);
        return new(config, weights, names?.Count ?? 1, seed, device, kind, names, shared);
    }

    /// <summary>Opens a model folder whose output layer, if stored, is in order.</summary>
    /// <exception cref="RefusedInputException">The folder's configuration or weights are not usable.</exception>
    public static SequenceClassifier Open(string folder, int classes, long seed, Device device, WeightKind? kind = null)
    {
        var config = ModelConfig.Read(folder);
        using var weights = ModelFolder.Open(folder, TypeOn(device, kind), device);
        return new(config, weights, classes, seed, device, kind);
    }

    public Tensor Forward(TokenBatch batch)
    {
        using var scope = NewDisposeScope();
        return _head.Forward(Backbone.Forward(batch), batch).to(ScalarType.Float32).MoveToOuterDisposeScope(); // (B, C)
    }
}
