using System.Security.Cryptography;
using LoraDrop.Domain;

namespace LoraDrop.Engine;

/// <summary>Looks through the files of a data set without knowing what is to be learned from them.</summary>
public static class DatasetInspection
{
    /// <summary>Reads every file, whole.</summary>
    /// <exception cref="RefusedInputException">With the faults of all files, the first twenty of each: file, row, line and column.</exception>
    public static DatasetFacts Read(DataFiles files)
    {
        var faults = new List<Fault>();
        (string Split, string? Path)[] paths = [(SplitFacts.Train, files.Train), (SplitFacts.Validation, files.Validation), (SplitFacts.Test, files.Test)];
        var splits = paths.Where(file => file.Path is not null).Select(file => Read(file.Split, file.Path!, faults)).OfType<SplitFacts>().ToArray();
        foreach (var other in splits.Where(split => split.Split == SplitFacts.Validation && splits[0].Split == SplitFacts.Train)) // a test file may hold its answers in other columns (DialogSum's three)
            if (Lacking(splits[0], other) is { } fault) faults.Add(fault);
        return faults.Count == 0 ? new(splits) : throw new RefusedInputException(faults);
    }

    private static SplitFacts? Read(string split, string path, List<Fault> faults)
    {
        var found = new DataFaults(Path.GetFileName(path));
        var facts = Read(split, path, found);
        faults.AddRange(found.All);
        return found.Any ? null : facts;
    }

    private static SplitFacts? Read(string split, string path, DataFaults faults)
    {
        if (TableFile.ReaderOf(path, faults) is not { } reader || TableFile.BytesOf(path, faults) is not { } bytes) return null;
        var tally = new SplitTally();
        reader.ReadAll(bytes, tally, faults);
        if (tally.Rows == 0 && !faults.Any) faults.Add("has no rows");
        return faults.Any ? null : tally.Facts(split, Path.GetFileName(path), bytes.Length, Convert.ToHexStringLower(SHA256.HashData(bytes)));
    }

    /// <summary>A column of the training file that a task may learn from and another split does not have.</summary>
    /// <remarks>Nothing is said where one of two files has a header and the other none, or where no name is the same: then what looks like a
    /// header may be a row, and only a task knows.</remarks>
    private static Fault? Lacking(SplitFacts train, SplitFacts other)
    {
        string[] there = [.. other.Columns.Select(column => column.Name)], lacking = [.. train.Columns.Select(column => column.Name).Except(there)];
        if (lacking.Length == 0 || train.Header != other.Header || (lacking.Length == train.Columns.Count && !(train.Typed && other.Typed))) return null;
        return new(other.File, $"must have the columns of {train.File} ({ColumnChoice.Listed(train.Columns.Select(column => column.Name))}); it lacks {ColumnChoice.Listed(lacking)}");
    }
}
