using System.Text;

namespace LoraDrop.Engine.Tokenizers;

/// <summary>The <c>normalizer</c> of a tokenizer.json, as Hugging Face <c>tokenizers</c> 0.22 applies it.</summary>
internal static class Normalizers
{
    /// <exception cref="Domain.RefusedInputException">The normalizer is not supported.</exception>
    public static Normalizer From(JsonField field)
    {
        if (field.IsAbsent) return text => text;
        return field["type"].Text switch
        {
            "Sequence" => InOrder([.. field["normalizers"].Items.Select(From)]),
            "Lowercase" => Lowercase,
            "NFD" => text => UnicodeDecomposition.Decompose(text),
            "NFKD" => text => UnicodeDecomposition.Decompose(text, compatibility: true),
            "NFC" => text => UnicodeComposition.Compose(text),
            "NFKC" => text => UnicodeComposition.Compose(text, compatibility: true),
            "StripAccents" => StripAccents,
            "Strip" => Strip(field["strip_left"].Flag(true), field["strip_right"].Flag(true)),
            "Nmt" => Nmt,
            "Precompiled" => Precompiled(field["precompiled_charsmap"]),
            "BertNormalizer" => BertNormalizer.From(field).Normalize,
            "ByteLevel" => ByteLevel.ToLetters,
            "Prepend" => Prepend(field["prepend"].Text),
            "Replace" => Replace(TextPattern.From(field["pattern"]), field["content"].Text),
            var other => throw field["type"].Refused($"the normalizer '{other}' is not supported."),
        };
    }

    /// <summary>Lower-cases code point by code point, so a final sigma is not special.</summary>
    public static string Lowercase(string text)
    {
        var lower = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune.Value == 'İ') lower.Append("i\u0307"); // the only letter whose lower case is two code points (SpecialCasing.txt)
            else lower.Append(Rune.ToLowerInvariant(rune));
        }
        return lower.ToString();
    }

    public static string Keep(string text, Func<Rune, bool> keep)
    {
        var kept = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (keep(rune)) kept.Append(rune);
        }
        return kept.ToString();
    }

    /// <summary>Drops marks, and so the accents of decomposed letters.</summary>
    public static string StripAccents(string text) => Keep(text, rune => !OlderUnicode.IsMark(rune));

    public static Normalizer InOrder(params Normalizer[] steps) => text => steps.Aggregate(text, (changed, step) => step(changed));

    /// <summary>Trims white space at the ends.</summary>
    public static Normalizer Strip(bool left, bool right) => text => (left, right) switch
    {
        (true, true) => text.Trim(),
        (true, false) => text.TrimStart(),
        (false, true) => text.TrimEnd(),
        _ => text,
    };

    private static Normalizer Prepend(string prefix) => text => text.Length == 0 ? text : prefix + text;

    private static Normalizer Replace(TextPattern pattern, string content) => text => pattern.Replace(text, content);

    private static Normalizer Precompiled(JsonField field)
    {
        try
        {
            return new PrecompiledMap(Convert.FromBase64String(field.Text)).Normalize;
        }
        catch (Exception damaged) when (damaged is FormatException or InvalidDataException)
        {
            throw field.Refused($"is damaged: {damaged.Message}. Download or save it again.");
        }
    }

    /// <summary>SentencePiece's cleaning for translation: removes control characters, turns other white space into blanks.</summary>
    private static string Nmt(string text)
    {
        var clean = new StringBuilder(text.Length);
        foreach (var letter in text)
        {
            if (IsDropped(letter)) continue;
            clean.Append(IsBlank(letter) ? ' ' : letter);
        }
        return clean.ToString();

        static bool IsDropped(char letter) => letter
            is >= '\u0001' and <= '\u0008' or '\u000B' or >= '\u000E' and <= '\u001F' or '\u007F' or '\u008F' or '\u009F';

        static bool IsBlank(char letter) => letter is '\t' or '\n' or '\f' or '\r' or '\u1680' or >= '\u200B' and <= '\u200F'
            or '\u2028' or '\u2029' or '\u2581' or '\uFEFF' or '\uFFFD';
    }
}
