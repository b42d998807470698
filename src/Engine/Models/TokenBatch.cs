using static TorchSharp.torch;

namespace LoraDrop.Engine.Models;

/// <summary>Texts of one batch: one row each, padded to the longest, or all packed into one row.</summary>
public sealed class TokenBatch : IDisposable
{
    private readonly (int Row, int Column, int Length)[] _texts;

    private TokenBatch(IReadOnlyList<TokenizedText> texts, (int Row, int Column, int Length)[] places, int padId, Device device)
    {
        int rows = places.Max(p => p.Row) + 1, width = places.Max(p => p.Column + p.Length);
        long[,] ids = new long[rows, width], types = new long[rows, width], positions = new long[rows, width],
            segments = new long[rows, width];
        var mask = new bool[rows, width];
        var textsIn = new int[rows];
        for (var b = 0; b < rows; b++)
            for (var t = 0; t < width; t++) (ids[b, t], segments[b, t]) = (padId, -1);
        foreach (var ((row, column, length), text) in places.Zip(texts))
        {
            for (var t = 0; t < length; t++)
            {
                var at = column + t;
                (ids[row, at], types[row, at], positions[row, at], segments[row, at], mask[row, at]) =
                    (text.Ids[t], text.TypeIds[t], t, textsIn[row], true);
            }
            textsIn[row]++;
        }
        _texts = places;
        Tokens = places.Sum(p => (long)p.Length);
        Longest = places.Max(p => p.Length);
        Padded = Tokens < (long)rows * width;
        FromTheLeft = places.All(p => p.Column == 0) && rows == places.Length;
        Packs = rows < places.Length ? [.. places.Select(p => (p.Column, p.Length))] : null;
        (Ids, TypeIds, Mask) = (tensor(ids, device: device), tensor(types, device: device), tensor(mask, device: device));
        (Positions, Segments) = (tensor(positions, device: device), tensor(segments, device: device));
        LastTokens = tensor(places.Select(p => (long)p.Row * width + p.Column + p.Length - 1).ToArray(), device: device);
    }

    private TokenBatch(Tensor ids, Tensor positions)
    {
        (Ids, Positions, FromTheLeft, _texts) = (ids, positions, true, []);
        (TypeIds, Segments, Mask) = (zeros_like(ids), zeros_like(ids), ones_like(ids, ScalarType.Bool));
        LastTokens = Scalars.Arange(ids.shape[0], ids.device);
        (Tokens, Longest) = (ids.shape[0], positions.max().item<long>() + 1);
    }

    /// <summary>Token ids (B, T), int64.</summary>
    public Tensor Ids { get; }

    /// <summary>Token types (B, T), int64.</summary>
    public Tensor TypeIds { get; }

    /// <summary>True at real tokens (B, T).</summary>
    public Tensor Mask { get; }

    /// <summary>Each token's position in its own text, from 0 (B, T), int64; 0 at padding.</summary>
    public Tensor Positions { get; }

    /// <summary>The index of each token's text within its row (B, T), int64; −1 at padding.</summary>
    public Tensor Segments { get; }

    /// <summary>The last token of each text: b·T + t (N), int64.</summary>
    public Tensor LastTokens { get; }

    /// <summary>Whether there is any padding; otherwise an encoder's attention needs no mask.</summary>
    public bool Padded { get; }

    /// <summary>Whether each row is one text that begins at its left edge.</summary>
    public bool FromTheLeft { get; }

    /// <summary>The start and length of each text in a packed row; null if each text has its own row.</summary>
    public IReadOnlyList<(int Column, int Length)>? Packs { get; }

    /// <summary>Number of real tokens, without padding.</summary>
    public long Tokens { get; }

    /// <summary>Tokens of the longest text; for new tokens, one more than the highest position.</summary>
    public long Longest { get; }

    /// <summary>One row per text, padded on the right.</summary>
    public static TokenBatch Of(IReadOnlyList<TokenizedText> texts, int padId, Device device) =>
        new(texts, [.. texts.Select((text, row) => (row, 0, text.Ids.Length))], padId, device);

    /// <summary>One row per text, padded on the left, so that generated tokens follow directly.</summary>
    public static TokenBatch EndingTogether(IReadOnlyList<TokenizedText> texts, int padId, Device device)
    {
        var width = texts.Max(text => text.Ids.Length);
        return new(texts, [.. texts.Select((text, row) => (row, width - text.Ids.Length, text.Ids.Length))], padId, device);
    }

    /// <summary>All texts in one row, without padding; attention keeps them separate.</summary>
    public static TokenBatch Packed(IReadOnlyList<TokenizedText> texts, Device device)
    {
        var column = 0;
        var places = new (int, int, int)[texts.Count];
        foreach (var (i, text) in texts.Index())
        {
            places[i] = (0, column, text.Ids.Length);
            column += text.Ids.Length;
        }
        return new(texts, places, 0, device);
    }

    /// <summary>One new token for each row of a <see cref="KeyValueCache"/>.</summary>
    /// <param name="ids">(B, 1), int64; owned by the batch.</param>
    /// <param name="positions">(B, 1), int64; owned by the batch.</param>
    public static TokenBatch Next(Tensor ids, Tensor positions) => new(ids, positions);

    /// <summary>The flat index of token t of a text: b·T + t.</summary>
    public long PlaceOf(int text, int token) => _texts[text] is var (row, column, _) ? row * Ids.shape[1] + column + token : 0;

    public void Dispose()
    {
        foreach (var tensor in (Tensor[])[Ids, TypeIds, Mask, Positions, Segments, LastTokens]) tensor.Dispose();
    }
}
