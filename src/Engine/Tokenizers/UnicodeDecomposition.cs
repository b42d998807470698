using System.Collections.Frozen;
using System.Globalization;
using System.Text;

namespace LoraDrop.Engine.Tokenizers;

/// <summary>Unicode's decompositions (NFD, NFKD; Unicode Standard 3.11): é becomes e and an acute accent; in NFKD ﬁ becomes fi.</summary>
/// <remarks>
/// <para>With invariant globalization, string.Normalize silently leaves everything but ASCII unchanged, hence our own table. Hangul
/// syllables are computed (Unicode Standard 3.12).</para>
/// <para>UnicodeDecompositions.txt holds code point, combining class and canonical decomposition from UnicodeData.txt of Unicode 14.0:
/// <c>awk -F';' '{ if ($6 ~ /&lt;/) $6 = "" } $4 != 0 || $6 != "" { print $1 ";" $4 ";" $6 }' UnicodeData.txt</c></para>
/// <para>UnicodeCompatibility.txt holds the compatibility decompositions, those with a tag, of Unicode 11.0, matching the reference (its
/// crate unicode-normalization-alignments): the 72 added later (U+32FF, U+A7F2 …) change nothing there either.
/// <c>awk -F';' '$6 ~ /&lt;/ { sub(/^&lt;[^&gt;]*&gt; /, "", $6); print $1 ";" $6 }' UnicodeData.txt</c></para>
/// </remarks>
internal static class UnicodeDecomposition
{
    private static readonly FrozenDictionary<Rune, Rune[]> Decompositions;

    /// <summary>Compatibility decompositions; loaded on first use.</summary>
    private static readonly Lazy<FrozenDictionary<Rune, Rune[]>> Compatibilities = new(() =>
        Lines("UnicodeCompatibility.txt").Select(line => line.Split(';'))
            .ToFrozenDictionary(columns => FromHex(columns[0]), columns => Runes(columns[1])));

    private static readonly FrozenDictionary<Rune, byte> CombiningClasses;

    static UnicodeDecomposition()
    {
        var rows = Rows().ToList();
        Decompositions = rows.Where(row => row.Parts.Length > 0).ToFrozenDictionary(row => row.Rune, row => row.Parts);
        CombiningClasses = rows.Where(row => row.Class > 0).ToFrozenDictionary(row => row.Rune, row => row.Class);
    }

    /// <summary>Characters that decompose into two.</summary>
    internal static IEnumerable<(Rune Whole, Rune First, Rune Second)> Pairs =>
        Decompositions.Where(row => row.Value.Length == 2).Select(row => (row.Key, row.Value[0], row.Value[1]));

    /// <summary>The canonical combining class; 0 if not a mark.</summary>
    internal static int ClassOf(Rune rune) => CombiningClasses.GetValueOrDefault(rune);

    /// <param name="text">Any text.</param>
    /// <param name="compatibility">Whether to also decompose compatibility variants (NFKD): ﬁ, ², full-width letters.</param>
    public static string Decompose(string text, bool compatibility = false)
    {
        if (Ascii.IsValid(text)) return text;
        var runes = new List<Rune>(text.Length);
        var alike = compatibility ? Compatibilities.Value : null;
        foreach (var rune in text.EnumerateRunes()) Append(rune, runes, alike);
        Reorder(runes);
        var decomposed = new StringBuilder(runes.Count);
        foreach (var rune in runes) decomposed.Append(rune);
        return decomposed.ToString();
    }

    private static void Append(Rune rune, List<Rune> runes, FrozenDictionary<Rune, Rune[]>? alike)
    {
        if (rune.Value is >= HangulFirst and <= HangulLast) AppendHangul(rune.Value - HangulFirst, runes);
        else if (Decompositions.TryGetValue(rune, out var parts) || (alike is not null && alike.TryGetValue(rune, out parts)))
        {
            foreach (var part in parts) Append(part, runes, alike);
        }
        else runes.Add(rune);
    }

    private const int HangulFirst = 0xAC00, HangulLast = 0xD7A3, Vowels = 21, Trails = 28;

    private static void AppendHangul(int syllable, List<Rune> runes)
    {
        runes.Add(new Rune(0x1100 + syllable / (Vowels * Trails)));
        runes.Add(new Rune(0x1161 + syllable / Trails % Vowels));
        if (syllable % Trails != 0) runes.Add(new Rune(0x11A7 + syllable % Trails));
    }

    /// <summary>Sorts each run of combining marks by class; marks of one class keep their order.</summary>
    private static void Reorder(List<Rune> runes)
    {
        for (var start = 0; start < runes.Count; start++)
        {
            var end = start;
            while (end < runes.Count && CombiningClasses.ContainsKey(runes[end])) end++;
            if (end - start < 2) continue;
            var marks = runes[start..end].OrderBy(mark => CombiningClasses[mark]).ToList();
            for (var i = 0; i < marks.Count; i++) runes[start + i] = marks[i];
            start = end;
        }
    }

    private static IEnumerable<(Rune Rune, byte Class, Rune[] Parts)> Rows() =>
        Lines("UnicodeDecompositions.txt").Select(line => line.Split(';'))
            .Select(columns => (FromHex(columns[0]), byte.Parse(columns[1]), Runes(columns[2])));

    private static IEnumerable<string> Lines(string name)
    {
        using var table = typeof(UnicodeDecomposition).Assembly.GetManifestResourceStream(name)!;
        using var lines = new StreamReader(table);
        while (lines.ReadLine() is { } line) yield return line;
    }

    private static Rune[] Runes(string codes) => [.. codes.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(FromHex)];

    private static Rune FromHex(string code) => new(int.Parse(code, NumberStyles.HexNumber));
}
