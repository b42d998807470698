using System.Globalization;
using System.Text;

namespace LoraDrop.Engine.Chat.Jinja;

/// <summary>Upper and lower case as in Python, where one letter may become several (ß is SS).</summary>
internal static class JinjaCase
{
    /// <summary>The letters whose upper case is more than one letter (SpecialCasing.txt), each with its upper case.</summary>
    private const string SeveralCapitals =
        "ß=SS ŉ=ʼN ǰ=J\u030C ΐ=Ι\u0308\u0301 ΰ=Υ\u0308\u0301 և=ԵՒ ẖ=H\u0331 ẗ=T\u0308 ẘ=W\u030A " +
        "ẙ=Y\u030A ẚ=Aʾ ὐ=Υ\u0313 ὒ=Υ\u0313\u0300 ὔ=Υ\u0313\u0301 ὖ=Υ\u0313\u0342 ᾀ=ἈΙ ᾁ=ἉΙ " +
        "ᾂ=ἊΙ ᾃ=ἋΙ ᾄ=ἌΙ ᾅ=ἍΙ ᾆ=ἎΙ ᾇ=ἏΙ ᾈ=ἈΙ ᾉ=ἉΙ ᾊ=ἊΙ ᾋ=ἋΙ ᾌ=ἌΙ ᾍ=ἍΙ ᾎ=ἎΙ ᾏ=ἏΙ ᾐ=ἨΙ ᾑ=ἩΙ ᾒ=ἪΙ " +
        "ᾓ=ἫΙ ᾔ=ἬΙ ᾕ=ἭΙ ᾖ=ἮΙ ᾗ=ἯΙ ᾘ=ἨΙ ᾙ=ἩΙ ᾚ=ἪΙ ᾛ=ἫΙ ᾜ=ἬΙ ᾝ=ἭΙ ᾞ=ἮΙ ᾟ=ἯΙ ᾠ=ὨΙ ᾡ=ὩΙ ᾢ=ὪΙ ᾣ=ὫΙ " +
        "ᾤ=ὬΙ ᾥ=ὭΙ ᾦ=ὮΙ ᾧ=ὯΙ ᾨ=ὨΙ ᾩ=ὩΙ ᾪ=ὪΙ ᾫ=ὫΙ ᾬ=ὬΙ ᾭ=ὭΙ ᾮ=ὮΙ ᾯ=ὯΙ ᾲ=ᾺΙ ᾳ=ΑΙ ᾴ=ΆΙ ᾶ=Α\u0342 ᾷ=Α\u0342Ι " +
        "ᾼ=ΑΙ ῂ=ῊΙ ῃ=ΗΙ ῄ=ΉΙ ῆ=Η\u0342 ῇ=Η\u0342Ι ῌ=ΗΙ ῒ=Ι\u0308\u0300 ΐ=Ι\u0308\u0301 " +
        "ῖ=Ι\u0342 ῗ=Ι\u0308\u0342 ῢ=Υ\u0308\u0300 ΰ=Υ\u0308\u0301 ῤ=Ρ\u0313 ῦ=Υ\u0342 ῧ=Υ\u0308\u0342 ῲ=ῺΙ " +
        "ῳ=ΩΙ ῴ=ΏΙ ῶ=Ω\u0342 ῷ=Ω\u0342Ι ῼ=ΩΙ \uFB00=FF \uFB01=FI \uFB02=FL " +
        "\uFB03=FFI \uFB04=FFL \uFB05=ST \uFB06=ST \uFB13=ՄՆ \uFB14=ՄԵ \uFB15=ՄԻ \uFB16=ՎՆ \uFB17=ՄԽ";

    private static readonly Dictionary<string, string> Capitals = SeveralCapitals.Split(' ').Select(entry => entry.Split('='))
        .ToDictionary(entry => entry[0], entry => entry[1]);

    public static string Upper(string text) => Ascii.IsValid(text) ? text.ToUpperInvariant()
        : string.Concat(text.EnumerateRunes().Select(rune => Capitals.TryGetValue(rune.ToString(), out var several) ? several
            : Rune.ToUpperInvariant(rune).ToString()));

    /// <summary>Lower case; a sigma at the end of a word is ς.</summary>
    public static string Lower(string text)
    {
        if (Ascii.IsValid(text)) return text.ToLowerInvariant();
        var lower = new StringBuilder(text.Length);
        AppendLower(text, 0, lower);
        return lower.ToString();
    }

    /// <summary>The first letter in upper case, the others in lower case.</summary>
    public static string Capital(string text)
    {
        if (text.Length == 0) return text;
        var capital = new StringBuilder(text.Length);
        Rune.DecodeFromUtf16(text, out _, out var first);
        capital.Append(TitleOf(text[..first]));
        AppendLower(text, first, capital);
        return capital.ToString();
    }

    /// <summary>As <c>str.title</c>: upper case after anything that is not a letter, including an apostrophe.</summary>
    public static string EachWord(string text)
    {
        var title = new StringBuilder(text.Length);
        var at = 0;
        var inWord = false;
        foreach (var rune in text.EnumerateRunes())
        {
            var next = at + rune.Utf16SequenceLength;
            title.Append(inWord ? LowerAt(text, at, rune) : TitleOf(text[at..next]));
            inWord = Rune.IsLetter(rune);
            at = next;
        }
        return title.ToString();
    }

    /// <summary>As Jinja's filter <c>title</c>: upper case at the start and after white space, a hyphen or an opening bracket.</summary>
    public static string EachPart(string text)
    {
        var title = new StringBuilder(text.Length);
        for (var start = 0; start < text.Length;)
        {
            var separates = Separates(text[start]);
            var end = start + 1;
            while (end < text.Length && Separates(text[end]) == separates) end++;
            Rune.DecodeFromUtf16(text.AsSpan(start), out _, out var first);
            title.Append(Upper(text[start..(start + first)])).Append(Lower(text[(start + first)..end]));
            start = end;
        }
        return title.ToString();

        static bool Separates(char c) => JinjaValue.IsSpace(c) || c is '-' or '(' or '{' or '[' or '<';
    }

    private static string TitleOf(string letter) => letter switch
    {
        "ß" => "Ss",
        "ǆ" or "Ǆ" => "ǅ",
        "ǉ" or "Ǉ" => "ǈ",
        "ǌ" or "Ǌ" => "ǋ",
        "ǳ" or "Ǳ" => "ǲ",
        _ when Capitals.TryGetValue(letter, out var several) => several[..1] + Lower(several[1..]), // ﬁ: Fi
        _ => Upper(letter),
    };

    private static void AppendLower(string text, int start, StringBuilder lower)
    {
        foreach (var rune in text.AsSpan(start).EnumerateRunes())
        {
            lower.Append(LowerAt(text, start, rune));
            start += rune.Utf16SequenceLength;
        }
    }

    private static string LowerAt(string text, int at, Rune rune) => rune.Value switch
    {
        'Σ' => EndsWord(text, at) ? "ς" : "σ",
        'İ' => "i\u0307",
        _ => Rune.ToLowerInvariant(rune).ToString(),
    };

    private static bool EndsWord(string text, int at)
    {
        int before = at - 1, after = at + 1;
        while (before >= 0 && IsPassedOver(text[before])) before--;
        while (after < text.Length && IsPassedOver(text[after])) after++;
        return before >= 0 && char.IsLetter(text[before]) && (after == text.Length || !char.IsLetter(text[after]));
    }

    private static bool IsPassedOver(char c) => c is '\'' or '.' or ':' or '·' or '’' || char.GetUnicodeCategory(c)
        is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.Format or UnicodeCategory.ModifierLetter
            or UnicodeCategory.ModifierSymbol;
}
