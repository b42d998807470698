using System.Numerics;

namespace LoraDrop.Domain;

/// <summary>
/// The longest common subsequence of two token lists, 64 columns of its table at a time (Hyyrö 2004): n·m/64 steps, and a bit of memory per
/// cell only where the positions are asked for.
/// </summary>
internal static class LongestCommonSubsequence
{
    public static int Length(List<string> one, List<string> other)
    {
        var table = new Rows(other);
        foreach (var token in one) table.Step(token);
        return table.Length;
    }

    /// <summary>Where in <paramref name="one"/> the subsequence lies; of several the one that the published ROUGE finds, reading back from
    /// the end.</summary>
    public static List<int> Positions(List<string> one, List<string> other)
    {
        var table = new Rows(other);
        ulong[][] rows = [table.Row, .. one.Select(token => table.Step(token))];
        var positions = new List<int>();
        for (var (i, j) = (one.Count, other.Count); i > 0 && j > 0;)
        {
            if (one[i - 1] == other[j - 1])
            {
                positions.Add(i - 1);
                (i, j) = (i - 1, j - 1);
            }
            else if (Common(rows[i], j - 1) > Common(rows[i - 1], j)) j--;
            else i--;
        }
        positions.Reverse();
        return positions;
    }

    /// <summary>The length for a row's first columns: each cleared bit is a column where it grows by one.</summary>
    private static int Common(ulong[] row, int columns)
    {
        var common = 0;
        for (var word = 0; word < columns / 64; word++) common += BitOperations.PopCount(~row[word]);
        if (columns % 64 > 0) common += BitOperations.PopCount(~row[columns / 64] & ((1UL << (columns % 64)) - 1));
        return common;
    }

    private sealed class Rows
    {
        private readonly Dictionary<string, ulong[]> _places = new(StringComparer.Ordinal);
        private readonly int _columns;

        public Rows(List<string> columns)
        {
            _columns = columns.Count;
            Row = new ulong[(_columns + 63) / 64];
            Array.Fill(Row, ulong.MaxValue);
            for (var j = 0; j < _columns; j++)
            {
                if (!_places.TryGetValue(columns[j], out var places)) _places[columns[j]] = places = new ulong[Row.Length];
                places[j / 64] |= 1UL << (j % 64);
            }
        }

        public ulong[] Row { get; private set; }

        public int Length => Common(Row, _columns);

        // V ← (V + (V & M)) | (V & ¬M), the sum carried from word to word.
        public ulong[] Step(string token)
        {
            if (!_places.TryGetValue(token, out var places)) return Row;
            var next = new ulong[Row.Length];
            var carry = 0UL;
            for (var word = 0; word < next.Length; word++)
            {
                ulong v = Row[word], u = v & places[word], sum = v + u + carry;
                carry = sum < v || (carry == 1 && sum == v) ? 1UL : 0UL;
                next[word] = sum | (v & ~places[word]);
            }
            return Row = next;
        }
    }
}
