namespace LoraDrop.Engine.Tokenizers;

/// <summary>Truncates a text or a pair, the longer one first (<c>longest_first</c> of Hugging Face <c>tokenizers</c>).</summary>
internal static class LongestFirst
{
    /// <summary>Drops tokens from the right until at most <paramref name="room"/> remain in all; 0 or more.</summary>
    public static void Cut(List<int> first, List<int>? second, int room)
    {
        if (first.Count + (second?.Count ?? 0) <= room) return;
        if (second is null)
        {
            Keep(first, room);
            return;
        }
        var (shorter, longer) = first.Count > second.Count ? (second, first) : (first, second);
        var half = room / 2;
        Keep(longer, Math.Max(room - shorter.Count, room - half)); // the odd token goes to the longer text
        Keep(shorter, half);
    }

    private static void Keep(List<int> tokens, int count)
    {
        if (tokens.Count > count) tokens.RemoveRange(count, tokens.Count - count);
    }
}
