using LoraDrop.Domain;

namespace LoraDrop.Maker;

/// <summary>The choices a grammar makes, as draws from one random stream.</summary>
public static class Choice
{
    public static T Pick<T>(this SplitMix64 random, params IReadOnlyList<T> from) => from[random.NextBelow(from.Count)];

    /// <summary>True in half of all draws.</summary>
    public static bool Flip(this SplitMix64 random) => random.NextBelow(2) == 0;

    public static Number PickNumber(this SplitMix64 random) => random.Flip() ? Number.Singular : Number.Plural;

    /// <summary>As many members as asked for, no two equal.</summary>
    public static T[] PickDistinct<T>(this SplitMix64 random, IReadOnlyList<T> from, int count)
    {
        var picked = new List<T>(count);
        while (picked.Count < count)
        {
            var next = random.Pick(from);
            if (!picked.Contains(next)) picked.Add(next);
        }
        return [.. picked];
    }

    /// <summary>Two different members.</summary>
    public static (T First, T Second) PickTwo<T>(this SplitMix64 random, IReadOnlyList<T> from)
    {
        var first = random.Pick(from);
        return (first, random.PickOther(from, first));
    }

    /// <summary>A member that differs from one already chosen.</summary>
    public static T PickOther<T>(this SplitMix64 random, IReadOnlyList<T> from, T than)
    {
        while (true)
        {
            var next = random.Pick(from);
            if (!EqualityComparer<T>.Default.Equals(next, than)) return next;
        }
    }
}
