namespace LoraDrop.Engine.Generation;

/// <summary>The text of an answer while its tokens are generated, in pieces that together are the answer.</summary>
/// <param name="tokenizer">The model's tokenizer.</param>
/// <param name="stops">The texts that end an answer, which are no part of it.</param>
internal sealed class GrowingText(Tokenizer tokenizer, IReadOnlyList<string> stops)
{
    private const char HalfOfACharacter = '\uFFFD';

    private readonly List<int> _ids = [];
    private int _told;

    /// <summary>The text that a further token makes certain; empty if none.</summary>
    public string Add(int token)
    {
        _ids.Add(token);
        var text = tokenizer.Decode(_ids);
        var certain = text.TrimEnd(HalfOfACharacter).Length;
        foreach (var stop in stops)
        {
            var at = text.IndexOf(stop, StringComparison.Ordinal);
            certain = Math.Min(certain, at >= 0 ? at : text.Length - Begun(text, stop));
        }
        return Tell(text, certain);
    }

    /// <summary>The rest of the finished answer.</summary>
    public string End(string answer) => Tell(answer, answer.Length);

    private string Tell(string text, int certain)
    {
        if (certain <= _told) return "";
        var piece = text[_told..certain];
        _told = certain;
        return piece;
    }

    /// <summary>How many characters at the end of a text may become a stop text.</summary>
    private static int Begun(string text, string stop) =>
        Enumerable.Range(1, Math.Min(stop.Length, text.Length)).LastOrDefault(n => stop.StartsWith(text[^n..], StringComparison.Ordinal));
}
