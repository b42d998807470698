using static TorchSharp.torch;

namespace LoraDrop.Engine;

/// <summary>Texts of one batch, padded on the right to the longest.</summary>
public sealed class TokenBatch : IDisposable
{
    private TokenBatch(Tensor ids, Tensor typeIds, Tensor mask, bool padded, long tokens)
    {
        (Ids, TypeIds, Mask, Padded, Tokens) = (ids, typeIds, mask, padded, tokens);
    }

    /// <summary>Token ids (B, T), int64.</summary>
    public Tensor Ids { get; }

    /// <summary>Token types (B, T), int64.</summary>
    public Tensor TypeIds { get; }

    /// <summary>True where a token is real (B, T).</summary>
    public Tensor Mask { get; }

    /// <summary>Whether there is any padding; without, attention needs no mask.</summary>
    public bool Padded { get; }

    /// <summary>Real tokens, padding left out.</summary>
    public long Tokens { get; }

    public static TokenBatch Of(IReadOnlyList<TokenizedText> texts, int padId, Device device)
    {
        var width = texts.Max(t => t.Ids.Length);
        long[,] ids = new long[texts.Count, width], types = new long[texts.Count, width];
        var mask = new bool[texts.Count, width];
        long tokens = 0;
        for (var b = 0; b < texts.Count; b++)
        {
            tokens += texts[b].Ids.Length;
            for (var t = 0; t < width; t++)
            {
                mask[b, t] = t < texts[b].Ids.Length;
                ids[b, t] = mask[b, t] ? texts[b].Ids[t] : padId;
                types[b, t] = mask[b, t] ? texts[b].TypeIds[t] : 0;
            }
        }
        return new(tensor(ids, device: device), tensor(types, device: device), tensor(mask, device: device), tokens < (long)texts.Count * width, tokens);
    }

    public void Dispose()
    {
        Ids.Dispose();
        TypeIds.Dispose();
        Mask.Dispose();
    }
}
