namespace LoraDrop.Engine.Tokenizers;

/// <summary>What happens to the matches at which a text is split.</summary>
internal enum SplitBehavior { Removed, Isolated, MergedWithPrevious, MergedWithNext, Contiguous }

/// <summary>Splits a text at matches found in it, as Hugging Face <c>tokenizers</c> does.</summary>
internal static class TextSplit
{
    /// <exception cref="Domain.RefusedInputException">The behaviour is not supported.</exception>
    public static SplitBehavior Behavior(JsonField field) => Array.IndexOf(Enum.GetNames<SplitBehavior>(), field.Text) is >= 0 and var known
        ? (SplitBehavior)known
        : throw field.Refused($"the behaviour '{field.Text}' is not supported; {string.Join(", ", Enum.GetNames<SplitBehavior>())} are.");

    /// <summary>The pieces in order; none is empty.</summary>
    /// <param name="text">The text.</param>
    /// <param name="places">The matches to split at, in order, without overlap.</param>
    /// <param name="behavior">What happens to the matches.</param>
    /// <param name="invert">Whether to split at the text between matches instead.</param>
    public static List<string> At(string text, IEnumerable<(int Start, int End)> places, SplitBehavior behavior, bool invert = false)
    {
        var parts = Parts(text.Length, places, invert);
        IEnumerable<(int Start, int End, bool IsPlace)> kept = behavior switch
        {
            SplitBehavior.Removed => parts.Where(part => !part.IsPlace),
            SplitBehavior.Isolated => parts,
            SplitBehavior.Contiguous => Joined(parts, (part, before) => part == before),
            SplitBehavior.MergedWithPrevious => Joined(parts, (part, before) => part && !before),
            SplitBehavior.MergedWithNext => Enumerable.Reverse(Joined(Enumerable.Reverse(parts), (part, before) => part && !before)),
        };
        return [.. kept.Where(part => part.End > part.Start).Select(part => text[part.Start..part.End])];
    }

    private static List<(int Start, int End, bool IsPlace)> Parts(int length, IEnumerable<(int Start, int End)> places, bool invert)
    {
        var parts = new List<(int, int, bool)>();
        var done = 0;
        foreach (var (start, end) in places)
        {
            if (start > done) parts.Add((done, start, invert));
            parts.Add((start, end, !invert));
            done = end;
        }
        if (length > done) parts.Add((done, length, invert));
        return parts;
    }

    /// <summary>Joins parts to the one before if <paramref name="join"/> returns true, in order.</summary>
    /// <param name="parts">The parts.</param>
    /// <param name="join">Receives whether the part, and the one before it, is a match.</param>
    private static List<(int Start, int End, bool IsPlace)> Joined(
        IEnumerable<(int Start, int End, bool IsPlace)> parts, Func<bool, bool, bool> join)
    {
        var joined = new List<(int Start, int End, bool IsPlace)>();
        var before = false;
        foreach (var part in parts)
        {
            if (joined.Count > 0 && join(part.IsPlace, before))
            {
                var (start, end, _) = joined[^1];
                joined[^1] = (Math.Min(start, part.Start), Math.Max(end, part.End), part.IsPlace);
            }
            else joined.Add(part);
            before = part.IsPlace;
        }
        return joined;
    }
}
