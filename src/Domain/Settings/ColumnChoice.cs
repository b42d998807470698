namespace LoraDrop.Domain;

/// <summary>Picks, among the columns that a task would take, those that a file has.</summary>
public static class ColumnChoice
{
    /// <summary>The first choice whose columns are all there; null where there is none.</summary>
    public static TaskColumns? Named(IReadOnlyList<TaskColumns> choices, IReadOnlyCollection<string> there) =>
        choices.FirstOrDefault(choice => choice.All.All(there.Contains));

    /// <summary>What a file without any of the choices is told.</summary>
    /// <param name="choices">The columns that would do.</param>
    /// <param name="there">The columns of the file.</param>
    /// <param name="header">Whether they have names.</param>
    /// <param name="whyNoHeader">Why its first line is no header, where that is known.</param>
    public static string Wanted(IReadOnlyList<TaskColumns> choices, IReadOnlyCollection<string> there, bool header,
        string? whyNoHeader = null) =>
        $"must have the columns {string.Join(" or ", choices.Select(choice => $"({choice})"))}; it has ({Listed(there)}){Otherwise([.. choices.SelectMany(choice => choice.All)], header, whyNoHeader)}";

    /// <summary>What to say where columns are asked for by name of a file without a header, or by place of one with a header; empty where
    /// neither is so.</summary>
    public static string Otherwise(IReadOnlyCollection<string> wanted, bool header, string? whyNoHeader = null)
    {
        if (header) return wanted.Any(IsPlace) ? ": it has a header, so its columns go by their names" : "";
        return wanted.All(IsPlace) ? ""
            : $": it has no header{(whyNoHeader is null ? "" : $" ({whyNoHeader})")}, so its columns are counted from 0";
    }

    /// <summary>The columns of a file, the first fifty.</summary>
    public static string Listed(IEnumerable<string> there) => string.Join(", ", there.Take(50));

    /// <summary>Chosen columns that a header names more than once.</summary>
    public static IEnumerable<string> Twice(TaskColumns columns, IReadOnlyCollection<string> there) => columns.All.Where(name => there.Count(t => t == name) > 1);

    private static bool IsPlace(string name) => name.Length > 0 && name.All(char.IsAsciiDigit);
}
