namespace LoraDrop.Domain;

/// <summary>Selects from a task's choices of columns one that a file has.</summary>
public static class ColumnChoice
{
    /// <summary>The first choice whose columns are all present; null if there is none.</summary>
    public static TaskColumns? Named(IReadOnlyList<TaskColumns> choices, IReadOnlyCollection<string> there) =>
        choices.FirstOrDefault(choice => choice.All.All(there.Contains));

    /// <summary>The fault's message if none of the choices is present.</summary>
    /// <param name="choices">The accepted columns.</param>
    /// <param name="there">The columns of the file.</param>
    /// <param name="header">Whether the file has a header.</param>
    /// <param name="whyNoHeader">Why the first line is not a header, if known.</param>
    public static string Wanted(IReadOnlyList<TaskColumns> choices, IReadOnlyCollection<string> there, bool header,
        string? whyNoHeader = null) =>
        $"must have the columns {string.Join(" or ", choices.Select(choice => $"({choice})"))}; it has "
            + $"({Listed(there)}){Otherwise([.. choices.SelectMany(choice => choice.All)], header, whyNoHeader)}";

    /// <summary>A hint if columns are given by name for a file without a header, or by index for one with a header; empty if
    /// neither applies.</summary>
    public static string Otherwise(IReadOnlyCollection<string> wanted, bool header, string? whyNoHeader = null)
    {
        if (header) return wanted.Any(IsPlace) ? ": the file has a header, so columns must be given by name" : "";
        return wanted.All(IsPlace) ? ""
            : $": the file has no header{(whyNoHeader is null ? "" : $" ({whyNoHeader})")}, so columns must be given by index from 0";
    }

    /// <summary>The columns of a file, the first fifty.</summary>
    public static string Listed(IEnumerable<string> there) => string.Join(", ", there.Take(50));

    /// <summary>Selected columns that occur more than once in the header.</summary>
    public static IEnumerable<string> Twice(TaskColumns columns, IReadOnlyCollection<string> there) =>
        columns.All.Where(name => there.Count(t => t == name) > 1);

    private static bool IsPlace(string name) => name.Length > 0 && name.All(char.IsAsciiDigit);
}
