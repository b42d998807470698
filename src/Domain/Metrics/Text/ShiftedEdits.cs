namespace LoraDrop.Domain;

/// <summary>
/// The edits of TER between two texts: shifts are tried greedily, the best first, while they save edits. Follows Tercom's choices as sacreBLEU has them,
/// the beam and the limits included, for the count depends on them.
/// </summary>
internal sealed class ShiftedEdits
{
    private const int LongestShift = 10, FarthestShift = 50, Beam = 25, MostCandidates = 1000;
    private const int Unreached = 1 << 29;

    private enum Edit : byte { Keep, Substitute, Insert, Delete }

    private readonly int[] _reference;
    private readonly Range[] _band;   // of each row, the columns around the diagonal: no others are looked at
    private readonly Rows _rows, _triedRows;
    private int _tried;

    private ShiftedEdits(int length, int[] reference)
    {
        _reference = reference;
        _band = Bands(length, reference.Length);
        (_rows, _triedRows) = (new(_band), new(_band));
    }

    public static int Between(List<string> hypothesis, List<string> reference)
    {
        if (reference.Count == 0) return hypothesis.Count;
        var numbers = new NgramCounts();
        var words = numbers.Numbered(hypothesis);
        return new ShiftedEdits(words.Length, numbers.Numbered(reference)).Count(words);
    }

    private int Count(int[] words)
    {
        for (var shifts = 0; ; shifts++)
        {
            Fill(_rows, words, 0);
            var edits = _rows.Cost(words.Length, _reference.Length);
            var (saved, shifted) = BestShift(words, edits);
            if (_tried >= MostCandidates || saved <= 0) return shifts + edits;
            words = shifted;
        }
    }

    private (int Saved, int[] Words) BestShift(int[] words, int edits)
    {
        var (aligned, wrongWords, wrongReference) = Alignment(words.Length);
        (int Saved, int Length, int Start, int Target)? best = null;
        foreach (var (start, inReference, length) in Matches(words))
        {
            // Nothing is gained unless the words stand wrong and something else stands in their place.
            if (!wrongWords.AsSpan(start, length).Contains(true) || !wrongReference.AsSpan(inReference, length).Contains(true)) continue;
            if (aligned[inReference] >= start && aligned[inReference] < start + length) continue;
            for (var (offset, before) = (-1, -1); offset < length; offset++)
            {
                var target = inReference + offset < 0 ? 0 : aligned[inReference + offset] + 1;
                if (target == before) continue;
                before = target;
                var candidate = (edits - EditsAfter(words, start, length, target), length, -start, -target);
                _tried++;
                if (best is not { } other || candidate.CompareTo((other.Saved, other.Length, -other.Start, -other.Target)) > 0)
                {
                    best = (candidate.Item1, length, start, target);
                }
            }
            if (_tried >= MostCandidates) break;
        }
        return best is { } found ? (found.Saved, Shifted(words, found.Start, found.Length, found.Target)) : (0, words);
    }

    // The rows up to the first word that moves are those of the unshifted text.
    private int EditsAfter(int[] words, int start, int length, int target)
    {
        var same = Math.Min(start, target);
        _triedRows.Take(_rows, same);
        Fill(_triedRows, Shifted(words, start, length, target), same);
        return _triedRows.Cost(words.Length, _reference.Length);
    }

    /// <summary>Runs of words that the texts share, each start with every length up to the longest.</summary>
    private IEnumerable<(int Start, int InReference, int Length)> Matches(int[] words)
    {
        for (var start = 0; start < words.Length; start++)
        {
            var last = Math.Min(_reference.Length - 1, start + FarthestShift);
            for (var at = Math.Max(0, start - FarthestShift); at <= last; at++)
            {
                for (var length = 1; length <= LongestShift && start + length <= words.Length && at + length <= _reference.Length; length++)
                {
                    if (words[start + length - 1] != _reference[at + length - 1]) break;
                    yield return (start, at, length);
                }
            }
        }
    }

    private static int[] Shifted(int[] words, int start, int length, int target)
    {
        ReadOnlySpan<int> all = words, moved = all.Slice(start, length);
        if (target < start) return [.. all[..target], .. moved, .. all[target..start], .. all[(start + length)..]];
        // A target inside the run means as many words behind it.
        var end = Math.Min(target > start + length ? target : length + target, words.Length);
        return [.. all[..start], .. all[(start + length)..end], .. moved, .. all[end..]];
    }

    private void Fill(Rows rows, int[] words, int from)
    {
        for (var i = from + 1; i <= words.Length; i++)
        {
            for (var j = _band[i].Start.Value; j < _band[i].End.Value; j++) rows.Set(i, j, Cheapest(rows, i, j, words[i - 1]));
        }
    }

    // Of equal costs: keep or substitute, then delete, then insert.
    private (int Cost, Edit Last) Cheapest(Rows rows, int i, int j, int word)
    {
        if (j == 0) return (rows.Cost(i - 1, 0) + 1, Edit.Delete);
        var keeps = word == _reference[j - 1];
        var (cheapest, last) = (rows.Cost(i - 1, j - 1) + (keeps ? 0 : 1), keeps ? Edit.Keep : Edit.Substitute);
        var (delete, insert) = (rows.Cost(i - 1, j) + 1, rows.Cost(i, j - 1) + 1);
        if (delete < cheapest) (cheapest, last) = (delete, Edit.Delete);
        return insert < cheapest ? (insert, Edit.Insert) : (cheapest, last);
    }

    /// <summary>Reads the edits back: for each word of the reference the last word of the hypothesis up to it, and which words of either are edited.</summary>
    private (int[] Aligned, bool[] WrongWords, bool[] WrongReference) Alignment(int length)
    {
        var (aligned, wrongWords, wrongReference) = (new int[_reference.Length], new bool[length], new bool[_reference.Length]);
        for (var (i, j) = (length, _reference.Length); i > 0 || j > 0;)
        {
            var edit = _rows.Last(i, j);
            if (edit is Edit.Delete) wrongWords[--i] = true;
            else
            {
                aligned[--j] = i - 1;
                wrongReference[j] = edit is not Edit.Keep;
                if (edit is not Edit.Insert) wrongWords[--i] = edit is Edit.Substitute;
            }
        }
        return (aligned, wrongWords, wrongReference);
    }

    // All of the first row, where nothing but insertions are, and the last to its end, where the answer is.
    private static Range[] Bands(int length, int reference)
    {
        var ratio = length == 0 ? 1 : reference / (double)length;
        var beam = Beam < ratio / 2 ? (int)Math.Ceiling(ratio / 2 + Beam) : Beam;
        return [0..(reference + 1), .. Enumerable.Range(1, length).Select(Band)];

        Range Band(int i)
        {
            var diagonal = (int)Math.Floor(i * ratio);
            return Math.Max(0, diagonal - beam)..(i == length ? reference + 1 : Math.Min(reference + 1, diagonal + beam));
        }
    }

    /// <summary>Of the first i words of the hypothesis and the first j of the reference: the fewest edits between them, and the last of these.</summary>
    private sealed class Rows
    {
        private readonly int[] _start;
        private readonly (int Cost, Edit Last)[][] _cells;

        public Rows(Range[] band)
        {
            _start = [.. band.Select(row => row.Start.Value)];
            _cells = [.. band.Select(row => new (int, Edit)[row.End.Value - row.Start.Value])];
            for (var j = 0; j < _cells[0].Length; j++) _cells[0][j] = (j, Edit.Insert);
        }

        public int Cost(int i, int j)
        {
            var (row, at) = (_cells[i], j - _start[i]);
            return (uint)at < (uint)row.Length ? row[at].Cost : Unreached;
        }

        public Edit Last(int i, int j) => _cells[i][j - _start[i]].Last;

        public void Set(int i, int j, (int, Edit) cell) => _cells[i][j - _start[i]] = cell;

        public void Take(Rows other, int i) => other._cells[i].CopyTo(_cells[i], 0);
    }
}
