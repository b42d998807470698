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
        if (field.IsAbsent) return text => [text];
        return field["type"].Text switch
        {
            "Sequence" => InOrder([.. field["pretokenizers"].Items.Select(From)]),
            "ByteLevel" => ByteLevelWords(field["add_prefix_space"].Flag(true), field["use_regex"].Flag(true)),
            "BertPreTokenizer" => BertWords,
            "Split" => Split(field),
            var other => throw field["type"].Refused($"the pre-tokenizer '{other}' is not supported."),
        };
    }

    /// <summary>Words in the 256 letters of <see cref="ByteLevel"/>.</summary>
    /// <param name="addPrefixSpace">Whether a text that does not start with a blank gets one.</param>
    /// <param name="splitWords">Whether GPT-2's words are split; false where an earlier step has split.</param>
    public static PreTokenizer ByteLevelWords(bool addPrefixSpace, bool splitWords = true) => text =>
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
            return new CodePointRegex(new Regex(pattern.Text, RegexOptions.Compiled | RegexOptions.CultureInvariant)).Split;
        }
        catch (RegexParseException unknown)
        {
            throw pattern.Refused($"is not a regular expression that .NET understands: {unknown.Message}");
        }
    }

    private static PreTokenizer InOrder(PreTokenizer[] steps) =>
        text => steps.Aggregate((IEnumerable<string>)[text], (words, step) => words.SelectMany(word => step(word)));
}
