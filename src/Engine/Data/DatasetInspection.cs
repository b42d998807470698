using LoraDrop.Domain;

namespace LoraDrop.Engine.Data;

/// <summary>Inspects the files of a data set without a task.</summary>
public static class DatasetInspection
{
    /// <summary>Reads every file completely.</summary>
    /// <exception cref="RefusedInputException">With the faults of all files, the first twenty of each: file, row, line and
    /// column.</exception>
    public static DatasetSummary Read(DataFiles files)
    {
        var faults = new List<Fault>();
        (string Split, string? Path)[] paths =
            [(SplitSummary.Train, files.Train), (SplitSummary.Validation, files.Validation), (SplitSummary.Test, files.Test)];
        var splits = paths.Where(file => file.Path is not null)
            .Select(file => DataFaults.Collect(file.Path!, faults, found => Read(file.Split, file.Path!, found)))
            .OfType<SplitSummary>().ToArray();
        if (faults.Count > 0) throw new RefusedInputException(faults);
        return new([.. splits.Select(split => split.Split == SplitSummary.Validation && MissingColumnsRemark(splits[0], split) is { } remark
            ? split with { Remarks = [.. split.Remarks, remark] } : split)]);
    }

    private static SplitSummary? Read(string split, string path, DataFaults faults)
    {
        using var file = TableFile.Open(path, faults);
        if (file is null) return null;
        var tally = new SplitTally();
        file.ReadCells(tally, ConversationCells.AsAny);
        return faults.Any ? null : tally.Summary(split, file);
    }

    /// <summary>Columns of the training file that the validation file lacks, or null. Whether that matters depends on the task.</summary>
    private static string? MissingColumnsRemark(SplitSummary train, SplitSummary other)
    {
        string[] lacking = [.. train.Columns.Select(column => column.Name).Except(train.NotUsed).Except(other.Columns.Select(column =>
            column.Name))];
        if (lacking.Length == 0) return null;
        return train.Header == other.Header ? $"lacks columns of {train.File}: {ColumnChoice.Listed(lacking)}"
            : $"has {(other.Header ? "a header, and" : "no header, while")} {train.File} has "
            + $"{(train.Header ? "one" : "none")}: their columns have different names";
    }
}
