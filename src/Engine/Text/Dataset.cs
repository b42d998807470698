using System.Security.Cryptography;
using LoraDrop.Domain;

namespace LoraDrop.Engine;

/// <summary>The examples of one data file.</summary>
/// <param name="File">The file's name.</param>
/// <param name="Sha256">Of the file's bytes, in lower-case hexadecimal.</param>
/// <param name="Labels">The names of the classes, class 0 first; null for regression.</param>
/// <param name="Examples">The rows in file order.</param>
public sealed record Dataset(string File, string Sha256, IReadOnlyList<string>? Labels, IReadOnlyList<Example> Examples)
{
    /// <summary>What conversations hold besides that no classifier reads, by where it stands: <c>id</c>, <c>messages[].name</c>.</summary>
    public IReadOnlyList<string> NotUsed { get; init; } = [];

    /// <summary>Reads a file; its extension says how.</summary>
    /// <remarks>Where the task names no labels they are those of the file, so other splits are read with <c>task with { Labels = train.Labels }</c>.</remarks>
    /// <exception cref="RefusedInputException">With the first twenty faults, each with its row and column.</exception>
    public static Dataset Read(string path, TaskSettings task)
    {
        var faults = new List<Fault>();
        return TryRead(path, task, faults) ?? throw new RefusedInputException(faults);
    }

    /// <summary>The examples at these places, as a data set with the same file and labels.</summary>
    public Dataset Part(IEnumerable<int> indices) => this with { Examples = [.. indices.Select(i => Examples[i])] };

    /// <param name="path">The file.</param>
    /// <param name="task">What is read from it.</param>
    /// <param name="faults">Gets what is wrong with it; then the answer is null.</param>
    /// <param name="mayHideLabels">Whether a file with no label but -1 is read as one without examples.</param>
    internal static Dataset? TryRead(string path, TaskSettings task, List<Fault> faults, bool mayHideLabels = false)
    {
        var found = new DataFaults(Path.GetFileName(path));
        var dataset = Read(path, task, mayHideLabels, found);
        faults.AddRange(found.All);
        return found.Any ? null : dataset;
    }

    private static Dataset? Read(string path, TaskSettings task, bool mayHideLabels, DataFaults faults)
    {
        if (TableFile.ReaderOf(path, faults) is not { } reader || TableFile.BytesOf(path, faults) is not { } bytes) return null;
        var table = reader.Read(bytes, task.ColumnChoices, faults);
        if (table.Rows.Count == 0 && !faults.Any) faults.Add("has no rows");
        if (table.Columns is not { } columns) return null;

        var hidden = mayHideLabels && table.Rows.All(row => ClassNames.IsHidden(row.Label, task.Labels));
        var rows = hidden ? [] : table.Rows.Where(row => IsFilled(row, columns, faults)).ToList();
        var labels = task.Kind == TaskKind.Classification ? task.Labels ?? Inferred(task, rows, faults) : null;
        var (examples, sha256) = (Labelled(rows, columns, labels, faults), Convert.ToHexStringLower(SHA256.HashData(bytes)));
        return new Dataset(Path.GetFileName(path), sha256, labels, examples) { NotUsed = table.NotUsed };
    }

    private static bool IsFilled(TableRow row, TaskColumns columns, DataFaults faults)
    {
        (string? Column, string? Text)[] cells = [(columns.First, row.First), (columns.Second, row.Second), (columns.Label, row.Label)];
        var empty = cells.Where(cell => cell.Column is not null && string.IsNullOrWhiteSpace(cell.Text)).ToList();
        foreach (var (column, _) in empty) faults.Add($"{row.Place} column {column}", "is empty");
        return empty.Count == 0;
    }

    private static IReadOnlyList<string> Inferred(TaskSettings task, List<TableRow> rows, DataFaults faults)
    {
        var labels = ClassNames.Infer(rows.Select(row => row.Label));
        if (!faults.Any)   // else the labels of the faulty rows may be missing
            foreach (var fault in (task with { Labels = labels }).Faults("task")) faults.Add($"for {fault.Path}", fault.Message);
        return labels;
    }

    private static List<Example> Labelled(List<TableRow> rows, TaskColumns columns, IReadOnlyList<string>? labels, DataFaults faults)
    {
        var numbers = labels is null ? null : ClassNames.Index(labels);
        var examples = new List<Example>(rows.Count);
        foreach (var row in rows)
        {
            var label = numbers is null ? ClassNames.NumberOf(row.Label) : numbers.TryGetValue(row.Label, out var place) ? place : null;
            if (label is not null) examples.Add(new Example(row.First, row.Second, label.Value));
            else faults.Add($"{row.Place} column {columns.Label}", $"must be {ClassNames.Wanted(labels)}; it is \"{row.Label}\"");
        }
        return examples;
    }
}
