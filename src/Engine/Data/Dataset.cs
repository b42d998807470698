using LoraDrop.Domain;

namespace LoraDrop.Engine.Data;

/// <summary>The examples of one data file.</summary>
/// <param name="File">The file's name.</param>
/// <param name="Sha256">SHA-256 of the file, in lower-case hexadecimal.</param>
/// <param name="Labels">The names of the classes, class 0 first; null for regression.</param>
/// <param name="Examples">The rows, in file order.</param>
public sealed record Dataset(string File, string Sha256, IReadOnlyList<string>? Labels, IReadOnlyList<Example> Examples)
{
    /// <summary>Remarks on how the file was read.</summary>
    public IReadOnlyList<string> Remarks { get; init; } = [];

    /// <summary>The columns of the file that the task does not use; for conversations, other fields: <c>id</c>,
    /// <c>messages[].name</c>.</summary>
    internal IReadOnlyList<string> NotUsed { get; init; } = [];

    /// <summary>The labels as spelt in the file, each once.</summary>
    internal IReadOnlyList<string> Spellings { get; init; } = [];

    /// <summary>Reads a file; its extension determines the format.</summary>
    /// <remarks>If the task names no labels, they are taken from the file, so read other splits with <c>task with { Labels = train.Labels
    /// }</c>.</remarks>
    /// <exception cref="RefusedInputException">With the first twenty faults, each with its row and column.</exception>
    public static Dataset Read(string path, TaskSettings task)
    {
        var faults = new List<Fault>();
        var read = TryRead(path, task, faults) ?? throw new RefusedInputException(faults);
        return read with { Remarks = [.. read.Remarks, .. DataRemarks.NotUsed([(read.File, read.NotUsed)]), .. read.Labels is null
            ? [] : ClassNames.SpellingRemarks(read.Spellings).Select(remark => $"{read.File}: {remark}.")] };
    }

    /// <summary>The examples at these indices, as a data set with the same file and labels.</summary>
    public Dataset Part(IEnumerable<int> indices) => this with { Examples = [.. indices.Select(i => Examples[i])] };

    /// <param name="path">The file.</param>
    /// <param name="task">Defines what is read.</param>
    /// <param name="faults">Receives its faults; the result is then null.</param>
    /// <param name="mayHideLabels">Whether a file whose only label is -1 is read as one without examples.</param>
    internal static Dataset? TryRead(string path, TaskSettings task, List<Fault> faults, bool mayHideLabels = false) =>
        DataFaults.Collect(path, faults, found => Read(path, task, mayHideLabels, found));

    private static Dataset? Read(string path, TaskSettings task, bool mayHideLabels, DataFaults faults)
    {
        using var file = TableFile.Open(path, faults);
        if (file is null) return null;
        var table = new CellTable([.. task.ColumnChoices.SelectMany(choice => choice.All)]);
        var otherFields = new HashSet<string>();
        if (!file.ReadCells(table, ConversationCells.AsLabelled(otherFields)) || table.Columns.Count == 0) return null;
        if (ColumnChoice.Named(task.ColumnChoices, table.Columns) is not { } columns)
        {
            faults.Add(ColumnChoice.Wanted(task.ColumnChoices, table.Columns, file.Header, file.WhyNoHeader));
            return null;
        }
        if (IsRefused(table, columns, faults) || table.Rows == 0) return null;

        var hidden = mayHideLabels && Enumerable.Range(0, table.Rows).All(row => ClassNames.IsHidden(table[columns.Label, row],
            task.Labels));
        int[] rows = hidden ? [] : [.. Enumerable.Range(0, table.Rows).Where(row => IsFilled(table, row, columns, faults))];
        var labels = task.Kind == TaskKind.Classification ? task.Labels ?? Inferred(task, rows.Select(row => table[columns.Label, row]),
            faults) : null;
        var examples = Labelled(table, rows, columns, labels, faults, out var byPlace);
        return new Dataset(file.Name, file.Sha256, labels, examples)
        {
            NotUsed = file.Conversations ? [.. otherFields] : [.. table.Columns.Except(columns.All)],
            Spellings = [.. rows.Select(row => table[columns.Label, row]).Distinct()],
            Remarks = [.. file.Remarks.Select(remark => $"{file.Name}: {remark}."), .. byPlace
                ? [DataRemarks.ByPlace(file.Name, columns.Label, labels!)] : (string[])[]],
        };
    }

    /// <summary>Checks for duplicate and undecodable columns.</summary>
    private static bool IsRefused(CellTable table, TaskColumns columns, DataFaults faults)
    {
        var before = faults.Count;
        foreach (var twice in ColumnChoice.Twice(columns, table.Columns)) faults.Add($"column {twice}", "is there more than once");
        foreach (var column in columns.All)
            if (table.RefusalOf(column) is { } why) faults.Add($"column {column}", $"cannot be read: {why}");
        return faults.Count > before;
    }

    private static bool IsFilled(CellTable table, int row, TaskColumns columns, DataFaults faults)
    {
        if (table.IsLost(row)) return false;
        var well = true;
        foreach (var column in columns.All)
        {
            var fault = table.FaultOf(column, row, numbers: column == columns.Label) ?? (string.IsNullOrWhiteSpace(table[column, row])
                ? "is empty" : null);
            if (fault is null) continue;
            faults.Add($"{table.PlaceOf(row)} column {column}", fault);
            well = false;
        }
        return well;
    }

    private static IReadOnlyList<string> Inferred(TaskSettings task, IEnumerable<string> written, DataFaults faults)
    {
        var labels = ClassNames.Infer(written);
        if (!faults.Any)   // otherwise the labels of faulty rows may be missing
            foreach (var fault in (task with { Labels = labels }).Faults("task")) faults.Add($"for {fault.Path}", fault.Message);
        return labels;
    }

    private static List<Example> Labelled(CellTable table, int[] rows, TaskColumns columns, IReadOnlyList<string>? labels,
        DataFaults faults, out bool byPlace)
    {
        byPlace = false;
        var classes = labels is null ? null : new ClassIndex(labels);
        var known = new Dictionary<string, double?>();   // most rows repeat an earlier label
        var examples = new List<Example>(rows.Length);
        foreach (var row in rows)
        {
            var written = table[columns.Label, row];
            if (!known.TryGetValue(written, out var label))
            {
                var place = false;
                label = classes is null ? ClassNames.NumberOf(written) : classes.Of(written, out place);
                byPlace |= place;
                if (classes is not null) known.Add(written, label);
            }
            if (label is { } value) examples.Add(new Example(table[columns.First, row], columns.Second is { } second ? table[second, row]
                : null, value));
            else faults.Add($"{table.PlaceOf(row)} column {columns.Label}",
                $"must be {ClassNames.Wanted(labels)}; it is \"{PlainText.Clipped(written)}\"");
        }
        return examples;
    }
}
