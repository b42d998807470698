using System.Collections.Frozen;
using System.Text;

namespace LoraDrop.Engine.Tokenizers;

/// <summary>Unicode's compositions (NFC, NFKC; Unicode Standard 3.11): e and a combining acute accent become é.</summary>
internal static class UnicodeComposition
{
    private const int LFirst = 0x1100, VFirst = 0x1161, TFirst = 0x11A7, SFirst = 0xAC00, Ls = 19, Vs = 21, Ts = 28;

    /// <summary>Characters excluded from composition (CompositionExclusions.txt of Unicode 14.0, scripts and post-composition
    /// versions).</summary>
    private static readonly (int First, int Last)[] Excluded =
    [
        (0x0958, 0x095F), (0x09DC, 0x09DD), (0x09DF, 0x09DF), (0x0A33, 0x0A33), (0x0A36, 0x0A36), (0x0A59, 0x0A5B), (0x0A5E, 0x0A5E),
        (0x0B5C, 0x0B5D), (0x0F43, 0x0F43), (0x0F4D, 0x0F4D),
        (0x0F52, 0x0F52), (0x0F57, 0x0F57), (0x0F5C, 0x0F5C), (0x0F69, 0x0F69), (0x0F76, 0x0F76), (0x0F78, 0x0F78), (0x0F93, 0x0F93),
        (0x0F9D, 0x0F9D), (0x0FA2, 0x0FA2), (0x0FA7, 0x0FA7), (0x0FAC, 0x0FAC), (0x0FB9, 0x0FB9),
        (0xFB1D, 0xFB1D), (0xFB1F, 0xFB1F), (0xFB2A, 0xFB36), (0xFB38, 0xFB3C), (0xFB3E, 0xFB3E), (0xFB40, 0xFB41), (0xFB43, 0xFB44),
        (0xFB46, 0xFB4E), (0x2ADC, 0x2ADC), (0x1D15E, 0x1D164), (0x1D1BB, 0x1D1C0),
    ];

    /// <summary>Composites by their two characters. Pairs that start with a mark, or make one, are not composed.</summary>
    private static readonly FrozenDictionary<(Rune, Rune), Rune> Composites = UnicodeDecomposition.Pairs
        .Where(pair => UnicodeDecomposition.ClassOf(pair.First) == 0 && UnicodeDecomposition.ClassOf(pair.Whole) == 0
        && !Excluded.Any(range => pair.Whole.Value >= range.First && pair.Whole.Value <= range.Last))
        .ToFrozenDictionary(pair => (pair.First, pair.Second), pair => pair.Whole);

    /// <param name="text">Any text.</param>
    /// <param name="compatibility">Whether to also unify compatibility variants (NFKC): ﬁ, ², full-width letters.</param>
    public static string Compose(string text, bool compatibility = false)
    {
        if (Ascii.IsValid(text)) return text;
        var runes = UnicodeDecomposition.Decompose(text, compatibility).EnumerateRunes().ToList();
        int starter = -1, last = 0; // the class of the previous mark, if one is in between
        var kept = new List<Rune>(runes.Count);
        foreach (var rune in runes)
        {
            var cls = UnicodeDecomposition.ClassOf(rune);
            if (starter >= 0 && (last < cls || (last == 0 && kept.Count == starter + 1)) && Composed(kept[starter], rune) is { } whole)
            {
                kept[starter] = whole;
                continue;
            }
            if (cls == 0) (starter, last) = (kept.Count, 0);
            else last = cls;
            kept.Add(rune);
        }
        var composed = new StringBuilder(text.Length);
        foreach (var rune in kept) composed.Append(rune);
        return composed.ToString();
    }

    private static Rune? Composed(Rune first, Rune second)
    {
        int l = first.Value - LFirst, v = second.Value - VFirst, s = first.Value - SFirst, t = second.Value - TFirst;
        if (l is >= 0 and < Ls && v is >= 0 and < Vs) return new(SFirst + (l * Vs + v) * Ts);
        if (s is >= 0 and < Ls * Vs * Ts && s % Ts == 0 && t is > 0 and < Ts) return new(first.Value + t);
        return Composites.TryGetValue((first, second), out var whole) ? whole : null;
    }
}
