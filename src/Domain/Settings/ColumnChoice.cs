namespace LoraDrop.Domain;

/// <summary>Picks, among the columns that a task would take, those that a file has.</summary>
public static class ColumnChoice
{
    /// <summary>The first choice whose columns are all there; null where there is none.</summary>
    public static TaskColumns? Named(IReadOnlyList<TaskColumns> choices, IReadOnlyCollection<string> there) =>
        choices.FirstOrDefault(choice => choice.All.All(there.Contains));

    /// <summary>The first choice that counts columns from 0 and whose columns the row has; null where there is none.</summary>
    public static TaskColumns? Counted(IReadOnlyList<TaskColumns> choices, int fields) =>
        choices.FirstOrDefault(choice => choice.All.All(name => name.All(char.IsAsciiDigit) && int.TryParse(name, out var place) && place < fields));

    /// <summary>The choice for a separated file, by its first line: a header if it holds the names of one; else, where a choice counts, a row like any other.</summary>
    public static (TaskColumns? Columns, bool Header) ByFirstLine(IReadOnlyList<TaskColumns> choices, IReadOnlyCollection<string> fields) =>
        Named(choices, fields) is { } named ? (named, true) : (Counted(choices, fields.Count), false);

    /// <summary>What a file without any of the choices is told.</summary>
    public static string Wanted(IReadOnlyList<TaskColumns> choices, IReadOnlyCollection<string> there) =>
        $"must have the columns {string.Join(" or ", choices.Select(choice => $"({choice})"))}; it has ({Listed(there)})";

    /// <summary>The columns of a file, the first fifty.</summary>
    public static string Listed(IEnumerable<string> there) => string.Join(", ", there.Take(50));

    /// <summary>Chosen columns that a header names more than once.</summary>
    public static IEnumerable<string> Twice(TaskColumns columns, IReadOnlyCollection<string> there) => columns.All.Where(name => there.Count(t => t == name) > 1);
}
