using static TorchSharp.torch;

namespace LoraDrop.Engine.Models;

/// <summary>Where the tokens of a batch are in their texts, as attention sees them: with what is read before each text.</summary>
/// <param name="Positions">Each token's position in its text (B, T), int64.</param>
/// <param name="Segments">The index of its text within the row (B, T), int64; −1 at padding.</param>
/// <param name="Longest">One more than the highest position.</param>
/// <param name="FromTheLeft">Whether each row is one text that begins at its left edge.</param>
/// <param name="Padded">Whether there is any padding.</param>
/// <param name="Packs">The start and length of each text in a packed row; null if each text has its own row.</param>
internal sealed record TokenPlaces(Tensor Positions, Tensor Segments, long Longest, bool FromTheLeft, bool Padded,
    IReadOnlyList<(int Column, int Length)>? Packs)
{
    /// <summary>Those of a batch without anything before its texts.</summary>
    public static TokenPlaces Of(TokenBatch batch) =>
        new(batch.Positions, batch.Segments, batch.Longest, batch.FromTheLeft, batch.Padded, batch.Packs);

    /// <summary>The same tokens, each P positions later.</summary>
    public TokenPlaces Later(int P) => this with { Positions = Positions.Plus((long)P), Longest = Longest + P }; // (B, T)

    /// <summary>The tokens with P more before each text, at the text's first positions.</summary>
    public TokenPlaces Behind(int P)
    {
        using var scope = NewDisposeScope();
        var later = Positions.Plus((long)P);                                     // (B, T)
        var first = Scalars.Arange(P, Positions.device).expand(Positions.shape[0], P); // (B, P)
        var positions = Inserted(later, _ => first).MoveToOuterDisposeScope();   // (B, P + T), or (1, N·P + T) packed
        var segments = Inserted(Segments, text => Scalars.Full(first.shape, text, ScalarType.Int64, first.device)); // as positions
        return new(positions, segments.MoveToOuterDisposeScope(), Longest + P, FromTheLeft, Padded,
            Packs is null ? null : [.. Packs.Select((pack, i) => (pack.Column + i * P, pack.Length + P))]);
    }

    /// <summary>Puts something before each text: at the left edge of its row, or before its place in a packed row.</summary>
    /// <param name="x">(B, T, …).</param>
    /// <param name="before">What stands before text i of a row: (B, P, …).</param>
    public Tensor Inserted(Tensor x, Func<int, Tensor> before) => Packs is null
        ? cat([before(0), x], 1)                                                 // (B, P + T, …)
        : cat([.. Packs.SelectMany((pack, i) => (Tensor[])[before(i), x.narrow(1, pack.Column, pack.Length)])], 1); // (1, N·P + T, …)

    /// <summary>Takes away again what <see cref="Inserted"/> has put there.</summary>
    /// <param name="x">(B, P + T, …), or packed (1, N·P + T, …).</param>
    /// <param name="P">What stands before each text.</param>
    public Tensor Without(Tensor x, int P) => Packs is null
        ? x.narrow(1, P, x.shape[1] - P)                                         // (B, T, …)
        : cat([.. Packs.Select((pack, i) => x.narrow(1, pack.Column + (i + 1) * P, pack.Length))], 1); // (1, T, …)
}
