using static TorchSharp.torch;

namespace LoraDrop.Engine.Models;

/// <summary>Token, position and token-type embeddings, summed and normalised.</summary>
public sealed class Embeddings
{
    private readonly EncoderConfig _config;
    private readonly Parameter _position;   // (positions, d)
    private readonly Parameter _tokenType;  // (types, d)
    private readonly LayerNorm _norm;
    private readonly DropoutMasks _masks;

    public Embeddings(EncoderConfig config, IWeights weights, string path, DropoutMasks masks)
    {
        var d = config.Hidden;
        (_config, _masks) = (config, masks);
        Word = weights.TakeParameter($"{path}.word_embeddings.weight", config.VocabularySize, d);
        _position = weights.TakeParameter($"{path}.position_embeddings.weight", config.Positions, d);
        _tokenType = weights.TakeParameter($"{path}.token_type_embeddings.weight", config.TokenTypes, d);
        _norm = LayerNorm.From(weights, $"{path}.LayerNorm", d, config.LayerNormEps);
    }

    /// <summary>The token embedding (V, d), to which a language-model head is tied.</summary>
    public Parameter Word { get; }

    public Tensor Forward(TokenBatch batch)
    {
        using var scope = NewDisposeScope();
        var words = Word.Rows(batch.Ids);                                        // (B, T, d)
        var types = _tokenType.Rows(batch.TypeIds);                              // (B, T, d)
        var positions = _position.Rows(Positions(batch.Ids));                    // (B, T, d)
        var x = _norm.Forward(words.Plus(types).Plus(positions));                        // (B, T, d)
        return _masks.Drop(x, _config.HiddenDropout).MoveToOuterDisposeScope();
    }

    /// <summary>BERT counts positions from 0. RoBERTa counts the tokens that are not padding, from the padding id + 1; padding keeps the
    /// padding id.</summary>
    private Tensor Positions(Tensor ids)                                         // ids: (B, T)
    {
        if (_config.Family == EncoderFamily.Bert) return Scalars.Arange(ids.shape[1], ids.device).expand(ids.shape);
        using var scope = NewDisposeScope();
        var real = ids.IsNot(_config.PadId).to(ScalarType.Int64);                   // (B, T)
        return (real.cumsum(1) * real).Plus(_config.PadId).MoveToOuterDisposeScope(); // (B, T)
    }
}
