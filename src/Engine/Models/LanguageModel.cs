using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Models;

/// <summary>A decoder with an output layer that predicts the next token.</summary>
public sealed class LanguageModel : FrozenModel
{
    internal const string OutputName = "lm_head.weight";

    /// <summary>Builds the model from weights.</summary>
    /// <param name="config">The architecture.</param>
    /// <param name="weights">Source of its weights.</param>
    /// <param name="device">Their device.</param>
    /// <param name="kind">Format of the layers' matrices; null: as stored.</param>
    /// <param name="shared">Keeps the weights for further models; null: they end with this one.</param>
    public LanguageModel(DecoderConfig config, IWeights weights, Device device, WeightKind? kind = null, SharedWeights? shared = null)
        : base(config, weights, device, kind, shared)
    {
        Output = config.TiedEmbeddings ? Backbone.Word : Weights.TakeParameter(OutputName, config.VocabularySize, config.Hidden);
    }

    /// <summary>The output layer (V, d); the token embedding itself if the two are tied.</summary>
    public Parameter Output { get; }

    public CausalDecoder Decoder => (CausalDecoder)Backbone;

    public new DecoderConfig Config => (DecoderConfig)base.Config;

    public override IReadOnlyList<Linear> TrainedHead => [];

    public override IReadOnlyList<Linear> Head => [];

    public override IReadOnlyList<string> ModulesToSave => [];

    public override string ClassName => Config.LanguageModelClass;

    public override string PeftTask => "CAUSAL_LM";

    /// <summary>Opens a model folder.</summary>
    /// <exception cref="RefusedInputException">The folder's configuration or weights are not usable, or it is an encoder.</exception>
    public static LanguageModel Open(string folder, Device device, WeightKind? kind = null, SharedWeights? shared = null)
    {
        if (ModelConfig.Read(folder) is not DecoderConfig config)
            throw new RefusedInputException($"{Path.Combine(folder, ModelConfig.FileName)} model_type",
                $"is an encoder, which generates no text; decoders are {string.Join(", ", DecoderConfig.Families.Keys)}");
        using var weights = ModelFolder.Open(folder, TypeOn(device, kind), device);
        return new(config, weights, device, kind, shared);
    }

    /// <summary>Logits of the next token at each position.</summary>
    public Tensor Forward(TokenBatch batch)
    {
        using var scope = NewDisposeScope();
        return LogitsOf(Decoder.Forward(batch)).MoveToOuterDisposeScope();       // (B, T, V)
    }

    /// <summary>Logits of the next token of each row: a step of generation.</summary>
    public Tensor Next(TokenBatch batch, KeyValueCache cache)
    {
        using var scope = NewDisposeScope();
        var last = Decoder.Forward(batch, cache).flatten(0, 1).index_select(0, batch.LastTokens); // (B, d)
        return LogitsOf(last).MoveToOuterDisposeScope();                         // (B, V)
    }

    /// <summary>Σ of the cross entropy of the next token at given positions of a batch.</summary>
    /// <param name="batch">Texts.</param>
    /// <param name="places">(M), int64: b·T + t.</param>
    /// <param name="next">(M), int64: the next tokens.</param>
    public Tensor LossSum(TokenBatch batch, Tensor places, Tensor next)
    {
        using var scope = NewDisposeScope();
        var hidden = Decoder.Forward(batch).flatten(0, 1).index_select(0, places); // (M, d)
        return ChunkedCrossEntropy.Sum(hidden, Output, next).MoveToOuterDisposeScope(); // ()
    }

    private Tensor LogitsOf(Tensor hidden) => nn.functional.linear(hidden, Output.In(hidden.dtype)).to(ScalarType.Float32); // (…, V)
}
