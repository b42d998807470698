using static TorchSharp.torch;

namespace LoraDrop.Engine.Models;

/// <summary>A RoBERTa encoder with its pre-training head (Devlin et al. 2019, Liu et al. 2019), which predicts masked tokens.</summary>
/// <remarks>Tensor names are those of transformers' <c>RobertaForMaskedLM</c>. The decoder is the token embedding itself, so a checkpoint
/// stores it once.</remarks>
public sealed class MaskedLanguageModel : IDisposable
{
    private const string Head = "lm_head";

    private readonly OwnedWeights _weights;
    private readonly Linear _dense;
    private readonly LayerNorm _norm;
    private readonly Parameter _bias;  // (V)

    /// <param name="config">The architecture; must be of the RoBERTa family.</param>
    /// <param name="weights">Source of its weights, including the head's.</param>
    /// <param name="device">Their device.</param>
    public MaskedLanguageModel(EncoderConfig config, IWeights weights, Device device)
    {
        if (config.Family != EncoderFamily.Roberta)
            throw new ArgumentException("BERT's head has other names and is not read here.", nameof(config));
        (Config, _weights) = (config, new(weights, device));
        Encoder = new(config, _weights, Masks);
        _dense = Linear.From(_weights, $"{Head}.dense", config.Hidden, config.Hidden);
        _norm = LayerNorm.From(_weights, $"{Head}.layer_norm", config.Hidden, config.LayerNormEps);
        _bias = _weights.TakeParameter($"{Head}.bias", config.VocabularySize);
    }

    public EncoderConfig Config { get; }

    public DropoutMasks Masks { get; } = new();

    public Encoder Encoder { get; }

    /// <summary>Logits over the vocabulary at given positions of a batch; the head is not computed at others.</summary>
    /// <param name="batch">Texts.</param>
    /// <param name="places">(M), int64: b·T + t for token t of text b.</param>
    public Tensor Forward(TokenBatch batch, Tensor places)
    {
        using var scope = NewDisposeScope();
        var hidden = Encoder.Forward(batch);                                     // (B, T, d)
        var x = hidden.view(-1, Config.Hidden).index_select(0, places);          // (M, d)
        x = _norm.Forward(nn.functional.gelu(_dense.Forward(x)));                // (M, d)
        return nn.functional.linear(x, Encoder.Word.In(x.dtype), _bias.In(x.dtype)).MoveToOuterDisposeScope(); // (M, V)
    }

    public void Dispose() => _weights.Dispose();
}
