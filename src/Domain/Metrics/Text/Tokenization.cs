using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace LoraDrop.Domain;

/// <summary>Tokenization for BLEU; sacreBLEU's names are 13a, intl and none.</summary>
public enum Tokenization
{
    /// <summary>mteval-v13a's: punctuation apart, but for apostrophes, hyphens, and the points and commas inside numbers.</summary>
    Mteval13a,

    /// <summary>mteval-v14's international one: by Unicode's punctuation and symbols.</summary>
    International,

    /// <summary>At white space only, for texts that are tokenised.</summary>
    WhiteSpace,
}

internal static partial class Tokens
{
    public static List<string> Of(string text, Tokenization tokenization) => tokenization switch
    {
        Tokenization.Mteval13a => Mteval13a(text),
        Tokenization.International => International(text),
        Tokenization.WhiteSpace => Words.Split(text),
    };

    public static List<string> Mteval13a(string text)
    {
        text = text.Replace("<skipped>", "").Replace("-\n", "").Replace('\n', ' ');
        return Words.Split(Western(" " + WithoutEntities(text) + " "));
    }

    /// <summary>The marks that XML writes as names.</summary>
    public static string WithoutEntities(string text) =>
        text.Contains('&') ? text.Replace("&quot;", "\"").Replace("&amp;", "&").Replace("&lt;", "<").Replace("&gt;", ">") : text;

    /// <summary>
    /// Blanks around punctuation, around points and commas that no digit stands before or none behind, and behind a digit before a dash;
    /// where asked for, before 's, too.
    /// </summary>
    public static string Western(string text, bool possessives = false)
    {
        text = Punctuation().Replace(text, " $1 ");
        if (possessives) text = text.Replace("'s ", " 's ");
        text = PointsAfterWords().Replace(text, "$1 $2 ");
        return DashAfterDigit().Replace(PointsBeforeWords().Replace(text, " $1 $2"), "$1 $2 ");
    }

    public static List<string> International(string text)
    {
        var runes = Pairs(text.EnumerateRunes(), r => !IsNumber(r), IsPunctuation, blankBefore: false);
        runes = Pairs(runes, IsPunctuation, r => !IsNumber(r), blankBefore: true);
        var apart = new StringBuilder();
        foreach (var rune in runes)
        {
            if (IsSymbol(rune)) apart.Append(' ').Append(rune).Append(' ');
            else apart.Append(rune);
        }
        return Words.Split(apart.ToString());
    }

    // Written over runes: .NET's regular expressions see half an emoji, which is no symbol.
    private static List<Rune> Pairs(IEnumerable<Rune> text, Func<Rune, bool> first, Func<Rune, bool> second, bool blankBefore)
    {
        Rune[] runes = [.. text];
        var apart = new List<Rune>(runes.Length);
        for (var i = 0; i < runes.Length; i++)
        {
            if (i + 1 == runes.Length || !first(runes[i]) || !second(runes[i + 1])) apart.Add(runes[i]);
            else if (blankBefore) apart.AddRange([(Rune)' ', runes[i], (Rune)' ', runes[++i]]);
            else apart.AddRange([runes[i], (Rune)' ', runes[++i], (Rune)' ']);
        }
        return apart;
    }

    private static bool IsNumber(Rune rune) => Rune.GetUnicodeCategory(rune) is
        UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber;

    private static bool IsPunctuation(Rune rune) => Rune.IsPunctuation(rune);

    private static bool IsSymbol(Rune rune) => Rune.IsSymbol(rune);

    [GeneratedRegex(@"([{-~[-` -&(-+:-@/])")]
    private static partial Regex Punctuation();

    [GeneratedRegex(@"([^0-9])([.,])")]
    private static partial Regex PointsAfterWords();

    [GeneratedRegex(@"([.,])([^0-9])")]
    private static partial Regex PointsBeforeWords();

    [GeneratedRegex(@"([0-9])(-)")]
    private static partial Regex DashAfterDigit();
}
