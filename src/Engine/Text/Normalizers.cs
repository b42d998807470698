using System.Globalization;
using System.Text;

namespace LoraDrop.Engine;

/// <summary>The <c>normalizer</c> of a tokenizer.json, as Hugging Face <c>tokenizers</c> 0.23 applies it.</summary>
internal static class Normalizers
{
    /// <exception cref="Domain.RefusedInputException">A normalizer that is not known here.</exception>
    public static Normalizer From(JsonField field)
    {
        if (field.IsAbsent) return text => text;
        return field["type"].Text switch
        {
            "Sequence" => InOrder([.. field["normalizers"].Items.Select(From)]),
            "Lowercase" => Lowercase,
            "NFD" => UnicodeDecomposition.Decompose,
            "NFC" => UnicodeComposition.Compose,
            "StripAccents" => text => Keep(text, rune => !IsMark(rune)),
            "BertNormalizer" => BertNormalizer.From(field).Normalize,
            "Prepend" => Prepend(field["prepend"].Text),
            "Replace" => Replace(field["pattern"]["String"].Text, field["content"].Text),
            var other => throw field["type"].Refused($"the normalizer '{other}' is not supported."),
        };
    }

    /// <summary>Lower-cases code point by code point, so that a final sigma is like any other.</summary>
    public static string Lowercase(string text)
    {
        var lower = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune.Value == 'İ') lower.Append("i\u0307"); // the one letter whose lower case is two code points (SpecialCasing.txt)
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

    private static bool IsMark(Rune rune) =>
        Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark;

    private static Normalizer InOrder(Normalizer[] steps) => text => steps.Aggregate(text, (changed, step) => step(changed));

    private static Normalizer Prepend(string prefix) => text => text.Length == 0 ? text : prefix + text;

    private static Normalizer Replace(string pattern, string content) => text => text.Replace(pattern, content, StringComparison.Ordinal);
}
