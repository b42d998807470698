namespace LoraDrop.Domain;

/// <summary>Detects whether the first line of a CSV or TSV file is a header. Depends only on the file, not on the task, so that all
/// readers agree.</summary>
/// <remarks>
/// It is a header if its cells are all different, none is empty and none is a number, unless it looks like the rows below it: where one of
/// its cells comes again in its own column, and no column
/// below holds numbers alone, it is a row like them. Two things that tables are written with are names as well: empty cells where an index
/// stands (pandas' <c>to_csv</c>) or where the
/// column below is empty throughout (a separator at the end of each line), and 0, 1, 2 …, which pandas names columns by that have no other
/// name.
/// </remarks>
public static class HeaderLine
{
    /// <summary>The number of rows after the first line to inspect.</summary>
    public const int Sample = 1000;

    /// <summary>Why the first line is not a header; null if it is one.</summary>
    /// <param name="first">The cells of the first line.</param>
    /// <param name="rows">Up to <see cref="Sample"/> rows below it.</param>
    public static string? WhyNot(IReadOnlyList<string> first, IReadOnlyList<IReadOnlyList<string>> rows)
    {
        var index = first.TakeWhile(string.IsNullOrWhiteSpace).Count();
        if (index == first.Count) return "it is empty";
        for (var i = index; i < first.Count; i++)
            if (string.IsNullOrWhiteSpace(first[i]) && (rows.Count == 0 || CellsOf(rows, i).Any())) return $"its cell {i + 1} is empty";
        string[] names = [.. first.Where(cell => !string.IsNullOrWhiteSpace(cell))];
        if (names.GroupBy(name => name).FirstOrDefault(same => same.Count() > 1) is { } twice)
            return $"\"{PlainText.Clipped(twice.Key)}\" occurs in it twice";
        var counted = names.Index().All(name => name.Item == $"{name.Index}") && Enumerable.Range(index, names.Length)
            .Any(i => CellsOf(rows, i).Any(cell => !IsNumber(cell)));
        if (!counted && names.FirstOrDefault(IsNumber) is { } number) return $"\"{PlainText.Clipped(number)}\" in it is a number";
        if (counted) return null;
        var columns = Enumerable.Range(index, first.Count - index).Where(i => !string.IsNullOrWhiteSpace(first[i])).ToArray();
        if (columns.Any(i => CellsOf(rows, i).Any() && CellsOf(rows, i).All(cell => IsNumber(cell) || ClassNames.IsBoolean(cell))
            && !ClassNames.IsBoolean(first[i]))) return null;
        IReadOnlyList<string>[] others =
            [.. rows.Where(row => !row.SequenceEqual(first))];   // concatenated files repeat the header
        foreach (var i in columns)
            if (CellsOf(others, i).Contains(first[i])) return $"\"{PlainText.Clipped(first[i])}\" occurs again in its column";
        return null;
    }

    /// <summary>The names of the columns: those of a header, where an empty one is called as pandas reads it back (<c>Unnamed: 0</c>), or
    /// else places from 0.</summary>
    public static IReadOnlyList<string> Names(IReadOnlyList<string> first, bool header) =>
        [.. first.Select((name, i) => !header ? $"{i}" : string.IsNullOrWhiteSpace(name) ? Unnamed(i) : name)];

    /// <summary>The name of a column whose cell in the header is empty.</summary>
    public static string Unnamed(int place) => $"Unnamed: {place}";

    private static IEnumerable<string> CellsOf(IReadOnlyList<IReadOnlyList<string>> rows, int column) =>
        rows.Where(row => column < row.Count && !string.IsNullOrWhiteSpace(row[column])).Select(row => row[column]);

    private static bool IsNumber(string cell) => ClassNames.NumberOf(cell) is not null;
}
