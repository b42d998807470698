using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace LoraDrop.Engine.Tests;

public sealed class UnicodeCompositionFacts
{
    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("e\u0301", "é")]
    [InlineData("a\u0307\u0323", "\u1EA1\u0307")]
    [InlineData("\u1112\u1161\u11AB", "한")]
    [InlineData("\u0958", "\u0915\u093C")] // excluded from composition
    [InlineData("\u212B", "Å")]
    [InlineData("ﬁ²", "ﬁ²")]
    public void A_text_is_composed_canonically(string text, string composed) => Assert.Equal(composed, UnicodeComposition.Compose(text));

    /// <summary>Python's unicodedata 14.0 gives this digest: of each code point of the table, alone and among letters and marks, and of
    /// some Hangul, a line each.</summary>
    [Fact]
    public void Every_code_point_of_the_table_is_composed_as_by_Python()
    {
        using var table = typeof(UnicodeComposition).Assembly.GetManifestResourceStream("UnicodeDecompositions.txt")!;
        var lines = new StringBuilder();
        foreach (var row in new StreamReader(table).ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var c = char.ConvertFromUtf32(int.Parse(row.Split(';')[0], NumberStyles.HexNumber));
            foreach (var text in (string[])[c, $"e{c}", $"{c}\u0301", $"a\u0323{c}\u0307", UnicodeDecomposition.Decompose(c)])
                lines.Append(UnicodeComposition.Compose(text)).Append('\n');
        }
        foreach (var text in (string[])["\u1100\u1161\u11a8", "\uac00\u11a8", "\u1100\u1161", "\u0344", "\u212b"])
            lines.Append(UnicodeComposition.Compose(text)).Append('\n');
        Assert.Equal("32598becc9a9f2d13c5433529523606f3482b66f90625ecf29008fcaad835c21",
            Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(lines.ToString()))));
    }

    /// <summary>Python's unicodedata gives these digests of the same texts.</summary>
    [Theory]
    [InlineData(true, "bb336efb0bb9592643fb1482b1072d23f79558ac4171d65ca26c804bc8f1df00")]
    [InlineData(false, "71278ecee900b54aef4a29b0dfcd438a1aa9503727b6d081786e47a0ea7983ae")]
    public void Every_character_that_only_looks_different_becomes_what_it_does_in_Python(bool composed, string digest)
    {
        using var table = typeof(UnicodeComposition).Assembly.GetManifestResourceStream("UnicodeCompatibility.txt")!;
        var lines = new StringBuilder();
        foreach (var row in new StreamReader(table).ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var c = char.ConvertFromUtf32(int.Parse(row.Split(';')[0], NumberStyles.HexNumber));
            foreach (var text in (string[])[c, $"e{c}", $"{c}\u0301", $"a\u0323{c}\u0307"]) lines.Append(Normalized(text)).Append('\n');
        }
        Assert.Equal(digest, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(lines.ToString()))));

        string Normalized(string text) =>
            composed ? UnicodeComposition.Compose(text, compatibility: true) : UnicodeDecomposition.Decompose(text, compatibility: true);
    }

    /// <summary>Its tables are of Unicode 11: what came later stays as it is, and so it must here.</summary>
    [Fact]
    public void The_sign_of_an_era_that_the_reference_does_not_know_stays_as_it_is() =>
        Assert.Equal("\u32FF", UnicodeComposition.Compose("\u32FF", compatibility: true));
}
