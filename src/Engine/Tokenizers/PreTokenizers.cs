using System.Text;
using System.Text.RegularExpressions;

namespace LoraDrop.Engine.Tokenizers;

/// <summary>The <c>pre_tokenizer</c> of a tokenizer.json, as Hugging Face <c>tokenizers</c> 0.22 applies it.</summary>
internal static class PreTokenizers
{
    public const string Blank = "\u2581";

    private static readonly PreTokenizer Digit = ByPattern(@"\p{N}"), Number = ByPattern(@"\p{N}+");

    /// <exception cref="Domain.RefusedInputException">The pre-tokenizer is not supported.</exception>
    public static PreTokenizer From(JsonField field)
    {
        if (field.IsAbsent) return Whole;
        return field["type"].Text switch
        {
            "Sequence" => InOrder([.. field["pretokenizers"].Items.Select(From)]),
            "ByteLevel" => ByteLevelWords(field["add_prefix_space"].Flag(true), field["use_regex"].Flag(true)),
            "BertPreTokenizer" => (text, _) => BertWords(text),
            "Metaspace" => Metaspace(Replacement(field), Scheme(field), field["split"].Flag(true)),
            "Whitespace" => (text, _) => WordsAndSymbols(text),
            "WhitespaceSplit" => (text, _) => WithoutWhiteSpace(text),
            "Punctuation" => Punctuation(field["behavior"].IsAbsent ? SplitBehavior.Isolated : TextSplit.Behavior(field["behavior"])),
            "CharDelimiterSplit" => Delimited(OneCharacter(field["delimiter"])),
            "FixedLength" => Chunks(field["length"]),
            "Digits" => field["individual_digits"].Flag(false) ? Digit : Number,
            "Split" => Split(field),
            var other => throw field["type"].Refused($"the pre-tokenizer '{other}' is not supported."),
        };
    }

    /// <summary>Words in the 256 letters of <see cref="ByteLevel"/>.</summary>
    /// <param name="addPrefixSpace">Whether to put a blank before a text that does not start with one.</param>
    /// <param name="splitWords">Whether to split into GPT-2's words; false if an earlier step has split.</param>
    public static PreTokenizer ByteLevelWords(bool addPrefixSpace, bool splitWords = true) => (text, _) =>
    {
        if (addPrefixSpace && !text.StartsWith(' ')) text = ' ' + text;
        return splitWords ? ByteLevel.Words(text).Select(ByteLevel.ToLetters) : [ByteLevel.ToLetters(text)];
    };

    /// <summary>BERT's words: splits at white space, which is dropped, and isolates punctuation marks.</summary>
    public static IEnumerable<string> BertWords(string text)
    {
        var start = 0;
        var next = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            var here = next;
            next += rune.Utf16SequenceLength;
            var isPunctuation = OlderUnicode.IsPunctuation(rune);
            if (!isPunctuation && !Rune.IsWhiteSpace(rune)) continue;
            if (here > start) yield return text[start..here];
            if (isPunctuation) yield return text[here..next];
            start = next;
        }
        if (text.Length > start) yield return text[start..];
    }

    /// <summary>The parts between white space.</summary>
    public static IEnumerable<string> WithoutWhiteSpace(string text)
    {
        var start = 0;
        for (var at = 0; at < text.Length; at++)
        {
            if (!char.IsWhiteSpace(text[at])) continue;
            if (at > start) yield return text[start..at];
            start = at + 1;
        }
        if (text.Length > start) yield return start == 0 ? text : text[start..];
    }

    /// <summary>Does not split: the whole text is a word.</summary>
    public static IEnumerable<string> Whole(string text, bool first) => [text];

    /// <summary>The matches of a regular expression, and the text between them.</summary>
    /// <exception cref="RegexParseException">The pattern is invalid.</exception>
    public static PreTokenizer ByPattern(string pattern)
    {
        var regex = new CodePointRegex(new Regex(pattern, RegexOptions.Compiled | RegexOptions.CultureInvariant));
        return (text, _) => regex.Split(text);
    }

    /// <summary>Applies steps in order.</summary>
    /// <remarks>Only a piece at the start of the text begins it: none does after white space that a step dropped.</remarks>
    public static PreTokenizer InOrder(PreTokenizer[] steps) => (text, first) =>
        steps.Aggregate((IEnumerable<string>)[text], (words, step) => words
            .SelectMany((word, i) => step(word, first && i == 0 && text.StartsWith(word, StringComparison.Ordinal))));

    /// <summary>Replaces blanks by a letter, and puts one before the text: always, only at its beginning, or never.</summary>
    /// <param name="blank">Replaces blanks.</param>
    /// <param name="scheme">always, first or never.</param>
    /// <param name="split">Whether each replaced blank begins a word.</param>
    public static PreTokenizer Metaspace(string blank, string scheme, bool split) => (text, first) =>
    {
        text = text.Replace(" ", blank, StringComparison.Ordinal);
        if ((scheme == "always" || (scheme == "first" && first)) && !text.StartsWith(blank, StringComparison.Ordinal)) text = blank + text;
        return split ? Beginning(text, blank) : [text];
    };

    /// <summary>When a Metaspace step prepends its letter; add_prefix_space in old files.</summary>
    public static string Scheme(JsonField field)
    {
        var scheme = field["prepend_scheme"].TextOrNull ?? (field["add_prefix_space"].Flag(true) ? "always" : "never");
        if (scheme is not ("always" or "first" or "never")) throw field["prepend_scheme"].Refused("must be always, first or never.");
        if (scheme != "never" && !field["add_prefix_space"].Flag(true))
            throw field["add_prefix_space"].Refused($"is false, and prepend_scheme is '{scheme}'.");
        return scheme;
    }

    /// <summary>The letter that replaces blanks.</summary>
    public static string Replacement(JsonField field) => field["replacement"].IsAbsent ? Blank : OneCharacter(field["replacement"]);

    private static string OneCharacter(JsonField field) =>
        field.Text.EnumerateRunes().Count() == 1 ? field.Text : throw field.Refused("must be one character.");

    private static PreTokenizer Split(JsonField field)
    {
        var pattern = TextPattern.From(field["pattern"]);
        var behavior = TextSplit.Behavior(field["behavior"]);
        var invert = field["invert"].Flag(false);
        return (text, _) => TextSplit.At(text, pattern.Matches(text), behavior, invert);
    }

    /// <summary>Splits at each punctuation mark.</summary>
    public static PreTokenizer Punctuation(SplitBehavior behavior) => (text, _) =>
        TextSplit.At(text, Runes(text).Where(place => OlderUnicode.IsPunctuation(Rune.GetRuneAt(text, place.Start))), behavior);

    private static PreTokenizer Delimited(string delimiter) => (text, _) => text.Split(delimiter, StringSplitOptions.RemoveEmptyEntries);

    private static PreTokenizer Chunks(JsonField length)
    {
        var size = length.IsAbsent ? 5 : length.Number > 0 ? length.Number : throw length.Refused("must be 1 or more.");
        return (text, _) => Runes(text).Chunk(size).Select(chunk => text[chunk[0].Start..chunk[^1].End]);
    }

    private static IEnumerable<(int Start, int End)> Runes(string text)
    {
        var start = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            yield return (start, start + rune.Utf16SequenceLength);
            start += rune.Utf16SequenceLength;
        }
    }

    /// <summary>Runs of word characters, and runs of anything else but white space.</summary>
    private static IEnumerable<string> WordsAndSymbols(string text)
    {
        var (start, kind) = (0, ' ');
        foreach (var (at, end) in Runes(text))
        {
            var rune = Rune.GetRuneAt(text, at);
            var here = Rune.IsWhiteSpace(rune) ? ' ' : WordCharacters.Has(rune) ? 'w' : 's';
            if (here == kind) continue;
            if (kind != ' ') yield return text[start..at];
            (start, kind) = (at, here);
        }
        if (kind != ' ') yield return text[start..];
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
        yield return start == 0 ? text : text[start..];
    }
}
