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

    /// <param name="batch">Texts.</param>
    /// <param name="preface">What is read before them, or null.</param>
    public Tensor Forward(TokenBatch batch, Preface? preface = null)
    {
        using var scope = NewDisposeScope();
        var words = Word.Rows(batch.Ids);                                        // (B, T, d)
        Tensor typeIds = batch.TypeIds, places;                                  // (B, T)
        if (preface?.Words() is not { } before) places = Positions(batch.Ids, preface?.Length ?? 0); // (B, T)
        else
        {
            long B = batch.Ids.shape[0], P = preface.Length;
            words = cat([before.to(words.dtype).expand(B, P, words.shape[2]), words], 1); // (B, P + T, d)
            typeIds = cat([typeIds.new_zeros(B, P), typeIds], 1);                // (B, P + T)
            places = Counted(typeIds);                                           // (B, P + T)
        }
        var types = _tokenType.Rows(typeIds);                                    // (B, T, d)
        var positions = _position.Rows(places);                                  // (B, T, d)
        var x = _norm.Forward(words.Plus(types).Plus(positions));                        // (B, T, d)
        return _masks.Drop(x, _config.HiddenDropout).MoveToOuterDisposeScope();
    }

    /// <summary>BERT counts positions from 0. RoBERTa counts the tokens that are not padding, from the padding id + 1; padding keeps the
    /// padding id.</summary>
    /// <param name="ids">(B, T).</param>
    /// <param name="before">Positions that something before the texts takes.</param>
    private Tensor Positions(Tensor ids, int before)
    {
        using var scope = NewDisposeScope();
        if (_config.Family == EncoderFamily.Bert) return Counted(ids).Plus((long)before).MoveToOuterDisposeScope(); // (B, T)
        var real = ids.IsNot(_config.PadId).to(ScalarType.Int64);                // (B, T)
        return (real.cumsum(1).Plus((long)before) * real).Plus(_config.PadId).MoveToOuterDisposeScope(); // (B, T)
    }

    /// <summary>The positions of rows that begin with words without an id: all are counted, padding too, as in transformers.</summary>
    private Tensor Counted(Tensor like)                                          // like: (B, T)
    {
        using var scope = NewDisposeScope();
        var first = _config.Family == EncoderFamily.Bert ? 0L : _config.PadId + 1;
        return Scalars.Arange(like.shape[1], like.device).Plus(first).expand(like.shape).MoveToOuterDisposeScope(); // (B, T)
    }
}
