using LoraDrop.Domain;

namespace LoraDrop.Engine;

/// <summary>Picks, among the columns that a task would take, those that a file has.</summary>
internal static class ColumnChoice
{
    /// <summary>The first choice whose columns are all there; else a fault that says which are.</summary>
    public static TaskColumns? Named(IReadOnlyList<TaskColumns> choices, IReadOnlyCollection<string> there, DataFaults faults)
    {
        if (choices.FirstOrDefault(choice => choice.All.All(there.Contains)) is not { } found)
        {
            var wanted = string.Join(" or ", choices.Select(choice => $"({choice})"));
            faults.Add($"must have the columns {wanted}; it has ({string.Join(", ", there.Take(50))})");
            return null;
        }
        foreach (var twice in found.All.Where(name => there.Count(t => t == name) > 1)) faults.Add($"column {twice}", "is there more than once");
        return found;
    }

    /// <summary>The first choice that counts columns from 0 and whose columns the row has; null where there is none.</summary>
    public static TaskColumns? Counted(IReadOnlyList<TaskColumns> choices, int fields) =>
        choices.FirstOrDefault(choice => choice.All.All(name => name.All(char.IsAsciiDigit) && int.TryParse(name, out var place) && place < fields));
}
