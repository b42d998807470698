using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace LoraDrop.Engine;

/// <summary>The <c>pre_tokenizer</c> of a tokenizer.json, as Hugging Face <c>tokenizers</c> 0.23 applies it.</summary>
internal static class PreTokenizers
{
    /// <exception cref="Domain.RefusedInputException">A pre-tokenizer that is not known here.</exception>
    public static PreTokenizer From(JsonField field)
    {
        if (field.IsAbsent) return Whole;
        return field["type"].Text switch
        {
            "Sequence" => InOrder([.. field["pretokenizers"].Items.Select(From)]),
            "ByteLevel" => ByteLevelWords(field["add_prefix_space"].Flag(true), field["use_regex"].Flag(true)),
            "BertPreTokenizer" => (text, _) => BertWords(text),
            "Metaspace" => Metaspace(field),
            "Digits" => Digits(field["individual_digits"].Flag(false)),
            "Split" => Split(field),
            var other => throw field["type"].Refused($"the pre-tokenizer '{other}' is not supported."),
        };
    }

    /// <summary>Words in the 256 letters of <see cref="ByteLevel"/>.</summary>
    /// <param name="addPrefixSpace">Whether a text that does not start with a blank gets one.</param>
    /// <param name="splitWords">Whether GPT-2's words are split; false where an earlier step has split.</param>
    public static PreTokenizer ByteLevelWords(bool addPrefixSpace, bool splitWords = true) => (text, _) =>
    {
        if (addPrefixSpace && !text.StartsWith(' ')) text = ' ' + text;
        return splitWords ? ByteLevel.Words(text).Select(ByteLevel.ToLetters) : [ByteLevel.ToLetters(text)];
    };

    /// <summary>BERT's words: white space separates and is dropped, each punctuation mark is a word.</summary>
    public static IEnumerable<string> BertWords(string text)
    {
        var start = 0;
        var next = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            var here = next;
            next += rune.Utf16SequenceLength;
            var isPunctuation = IsPunctuation(rune);
            if (!isPunctuation && !Rune.IsWhiteSpace(rune)) continue;
            if (here > start) yield return text[start..here];
            if (isPunctuation) yield return text[here..next];
            start = next;
        }
        if (text.Length > start) yield return text[start..];
    }

    private static bool IsPunctuation(Rune rune) => Rune.IsPunctuation(rune)
        || (rune.IsAscii && Rune.GetUnicodeCategory(rune) is UnicodeCategory.MathSymbol or UnicodeCategory.CurrencySymbol or UnicodeCategory.ModifierSymbol);

    private static PreTokenizer Split(JsonField field)
    {
        if (field["behavior"].Text != "Isolated") throw field["behavior"].Refused("only 'Isolated' is supported.");
        if (field["invert"].Flag(false)) throw field["invert"].Refused("an inverted split is not supported.");
        var pattern = field["pattern"]["Regex"];
        try
        {
            return ByPattern(pattern.Text);
        }
        catch (RegexParseException unknown)
        {
            throw pattern.Refused($"is not a regular expression that .NET understands: {unknown.Message}");
        }
    }

    /// <summary>No split: the whole text is a word.</summary>
    public static IEnumerable<string> Whole(string text, bool first) => [text];

    /// <summary>The matches of a regular expression, and what lies between them.</summary>
    /// <exception cref="RegexParseException">It is none.</exception>
    public static PreTokenizer ByPattern(string pattern)
    {
        var regex = new CodePointRegex(new Regex(pattern, RegexOptions.Compiled | RegexOptions.CultureInvariant));
        return (text, _) => regex.Split(text);
    }

    /// <summary>One step after the other.</summary>
    public static PreTokenizer InOrder(PreTokenizer[] steps) => (text, first) =>
        steps.Aggregate((IEnumerable<string>)[text], (words, step) => words.Select((word, i) => step(word, first && i == 0)).SelectMany(parts => parts));

    /// <summary>Blanks become a letter, and a text gets one in front: always, where it begins, or never.</summary>
    private static PreTokenizer Metaspace(JsonField field)
    {
        var blank = field["replacement"].TextOrNull ?? "\u2581";
        var scheme = field["prepend_scheme"].TextOrNull ?? (field["add_prefix_space"].Flag(true) ? "always" : "never");
        if (scheme is not ("always" or "first" or "never")) throw field["prepend_scheme"].Refused("must be always, first or never.");
        var split = field["split"].Flag(true);
        return (text, first) =>
        {
            text = text.Replace(" ", blank, StringComparison.Ordinal);
            if ((scheme == "always" || (scheme == "first" && first)) && !text.StartsWith(blank, StringComparison.Ordinal)) text = blank + text;
            return split ? Beginning(text, blank) : [text];
        };
    }

    /// <summary>Words, each with the blank before it.</summary>
    private static IEnumerable<string> Beginning(string text, string blank)
    {
        var start = 0;
        for (var at = text.IndexOf(blank, 1, StringComparison.Ordinal); at >= 0; at = text.IndexOf(blank, at + 1, StringComparison.Ordinal))
        {
            yield return text[start..at];
            start = at;
        }
        yield return text[start..];
    }

    private static PreTokenizer Digits(bool individual) => ByPattern(individual ? @"\p{N}" : @"\p{N}+");
}
