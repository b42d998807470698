using System.Text;
using LoraDrop.Domain;

namespace LoraDrop.Engine.Tests;

/// <summary>Texts that tokenizers go wrong on: empty and blank ones, many scripts, code, marks that combine, and mixtures of all that are
/// drawn from a seed.</summary>
internal static class AwkwardTexts
{
    /// <summary>Texts that somebody wrote.</summary>
    public static IReadOnlyList<string> Written { get; } =
    [
        "", " ", "  ", "\n", "\r\n", "\t\t", " \n \n", "\u00a0", "\u3000", "a", " a", "a ", "  a  b  ", "A", "1", "é", "e\u0301", "中", "😀",
            "👩‍👩‍👧‍👦", "🇫🇷🇩🇪", "👍🏽",
        "Hello, world!", "  Hello   world  ", "It's we're I'm you've he'll she'd IT'S WE'RE don't CAN'T o'clock 'tis",
            "naïve café résumé Ångström", "nai\u0308ve cafe\u0301 A\u030angstro\u0308m",
        "ﬁne ﬂow ½ ² ³ Ⅷ ㎏ ™ ℌ ① ａｂｃ ﾊﾝｶｸ", "ΑΒΓ αβγ ς σ Σίσυφος ΟΔΟΣ", "Привет, мир! Ёлка йод", "שלום עולם", "مرحبا بالعالم ١٢٣",
            "नमस्ते दुनिया क्षत्रिय", "สวัสดีชาวโลก", "你好,世界。汉字", "日本語のテキスト カタカナ がぎぐ",
        "한국어 텍스트 각", "İstanbul ıI ß ẞ ŉ ǆ Ǆ ǅ", "1234567890 3.14159 1,000,000.00 0x1F 1e-9 -5 +7 10% $5.00 €3",
            "http://example.org/a?b=c&d=%20#e user.name+tag@example.org",
        "C++ C# F# a_b_c camelCase PascalCase SCREAMING_CASE", "if (x <= y) { return x->y; } // ok",
            "def f(x):\n    return {k: v for k, v in x.items()}\n\n\tprint(f'{x!r}')\n", "SELECT * FROM t WHERE a = 'b' AND c <> \"d\";\n",
        "<html>\n  <p class=\"x\">a &amp; b</p>\n</html>", "\\frac{1}{2} \\sum_{i=0}^{n} x_i", "<s> </s> <pad> <unk> <mask>",
            "the <mask> sat the<mask>sat", "[CLS] [SEP] [MASK] [PAD] [UNK]", "<|endoftext|><|im_start|>user\n<|im_end|>",
        "----", "====", "\"\"\"\"", "!!!!!!!!", "........", "_____", "?!?!", "…—–‘’“”«»", "aaaaaaaaaaaaaaaaaaaaaaaa", "hahahahaha",
            "pneumonoultramicroscopicsilicovolcanoconiosis", "line one\nline two\r\nline three\rfour\u2028five\u0085six",
        "zero\u200bwidth bom\ufeff nbsp\u00a0thin\u2009 soft\u00adhyphen", "null\u0000byte bell\u0007 esc\u001b[0m del\u007f",
            "\ufffd \ufffe \ue000 \U0010ffff", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𝟙𝟚𝟛 𝒳 🅰", "Z̷̢̛a̶l̸g̵o̴ q\u0307\u0323 q\u0323\u0307",
            "\u202eright-to-left\u202c",
        "▁ lower ▁▁ block ▁x x▁", "Ġ Ċ ĉ Ā", "## ##ing x##y", "<0x0A> <0xFF> <0x41>", "mixed中文English混合 テスト123テスト", "Tiếng Việt đường phố",
            "ᾳ ῼ ŀ ĳ ſ K Å Ω", "a\u0300\u0301\u0302\u0303b \u0301c", "  \n  \n\n x\n \n", "\u00a0a\u00a0 b",
    ];

    private static readonly string[] Alphabets =
    [
        "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789٠١²½Ⅷ", "     ", "\n\t\r \u00a0\u2009\u3000\u200b",
            ".,;:!?'\"()[]{}<>-_/\\|@#$%^&*+=~`", "àáâãäåæçèéêëìíîïñòóôõöøùúûüýÿßİıſ", "абвгдежзийклмнопрстуфхцчшщъыьэюяё",
        "αβγδεζηθικλμνξοπρστυφχψωςΣ", "的一是不了人我在有他这为之大来以个中上们", "あいうえおがぎぐげごアイウエオ", "가나다라마바사각힣",
            "\u0300\u0301\u0302\u0308\u0327\u0323\u200d\ufe0f", "😀😂🥺🔥👍🏽👩🚀🇺🇸", "ﬁﬂ①㎏ﾊﾟａｂ", "▁▁", "ĠĊ", "…—’“”",
    ];

    private static readonly string[] Words =
        ("the of and to in a is that it was for on are as with his they at be this from have or by one had "
            + "not but what all were when there can an your which their said if do will each about how").Split(' ');

    /// <summary>The written texts, and mixtures drawn from a seed.</summary>
    /// <param name="seed">The same seed gives the same texts.</param>
    /// <param name="count">How many mixtures.</param>
    /// <param name="mixedIn">Further parts, such as the added tokens of a tokenizer: each also stands in a few texts of its own.</param>
    public static IEnumerable<string> Of(long seed, int count, IReadOnlyList<string>? mixedIn = null)
    {
        foreach (var text in Written) yield return text;
        foreach (var part in mixedIn ?? [])
            foreach (var around in (string[])["{0}", " {0} ", "the{0}end", "the {0} end", "the \t{0}\n end", "{0}{0}", "{0} {0}", "x{0}é",
                "1{0}_", ".{0},"]) yield return around.Replace("{0}", part);
        var random = SplitMix64.For(seed, "awkward texts");
        for (var i = 0; i < count; i++) yield return Mixture(random, mixedIn ?? []);
    }

    private static string Mixture(SplitMix64 random, IReadOnlyList<string> mixedIn)
    {
        var text = new StringBuilder();
        for (var parts = 1 + random.NextBelow(12); parts > 0; parts--)
        {
            if (mixedIn.Count > 0 && random.NextBelow(5) == 0) text.Append(mixedIn[random.NextBelow(mixedIn.Count)]);
            else if (random.NextBelow(2) == 0) text.Append(random.NextBelow(5) > 0 ? " " : "")
                .Append(Words[random.NextBelow(Words.Length)]);
            else
            {
                var letters = Alphabets[random.NextBelow(Alphabets.Length)].EnumerateRunes().ToArray();
                for (var many = 1 + random.NextBelow(6); many > 0; many--) text.Append(letters[random.NextBelow(letters.Length)]);
            }
        }
        return text.ToString();
    }
}
