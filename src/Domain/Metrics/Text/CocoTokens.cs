namespace LoraDrop.Domain;

/// <summary>
/// Tokens for the metrics of image captions, which the E2E scripts use, too: in lower case, without punctuation. The scripts cut with the
/// Stanford PTB tokenizer; here it is
/// 13a, so <c>can't</c> is one token and not two, and figures may differ a little from published ones.
/// </summary>
internal static class CocoTokens
{
    private static readonly HashSet<string> Punctuation =
        ["''", "'", "``", "`", "-LRB-", "-RRB-", "-LCB-", "-RCB-", ".", "?", "!", ",", ":", "-", "--", "...", ";"];

    public static List<string> Of(string text)
    {
        var tokens = Tokens.Mteval13a(Words.TrimEnd(text)).ConvertAll(Words.Lower);
        tokens.RemoveAll(Punctuation.Contains);
        return tokens;
    }
}
