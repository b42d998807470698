using static TorchSharp.torch;

namespace LoraDrop.Engine.Models;

/// <summary>What a model reads before every text, as if each text began with it: words in front of its own, or keys and values in front of
/// those of each layer.</summary>
public abstract class Preface
{
    /// <summary>P, the positions that it takes: a text's first token is at position P.</summary>
    public abstract int Length { get; }

    /// <summary>Whether it gives keys and values; if not, it gives words.</summary>
    public virtual bool HasKeys => false;

    /// <summary>The embeddings (P, d) of words that stand before those of the text; null if there are none. Differentiable.</summary>
    public virtual Tensor? Words() => null;

    /// <summary>The keys and values of a layer that stand before those of the text; null if there are none. Differentiable, and computed
    /// again for every pass.</summary>
    public virtual KeysAndValues? Of(int layer) => null;
}

/// <summary>Keys and values before those of every text: (G, P, w) each, for G heads of width w.</summary>
/// <param name="Keys">They have no position.</param>
/// <param name="Values">One for each key.</param>
public sealed record KeysAndValues(Tensor Keys, Tensor Values)
{
    /// <summary>A batch's keys and values behind these.</summary>
    /// <param name="k">(B, G, T, w).</param>
    /// <param name="v">(B, G, T, w).</param>
    public (Tensor Keys, Tensor Values) Before(Tensor k, Tensor v)
    {
        var (K, V) = For(k);
        return (cat([K, k], 2), cat([V, v], 2));                                 // (B, G, P + T, w)
    }

    /// <summary>These for each text of a batch, in the type of its own.</summary>
    /// <param name="k">(B, G, T, w).</param>
    public (Tensor Keys, Tensor Values) For(Tensor k)
    {
        using var scope = NewDisposeScope();
        Tensor Each(Tensor x) => x.to(k.dtype).unsqueeze(0).expand(k.shape[0], -1, -1, -1).MoveToOuterDisposeScope(); // (B, G, P, w)
        return (Each(Keys), Each(Values));
    }
}
