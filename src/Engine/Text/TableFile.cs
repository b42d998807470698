using LoraDrop.Domain;

namespace LoraDrop.Engine;

/// <summary>Reads data files of one format.</summary>
internal interface ITableReader
{
    /// <summary>The columns of the first choice that the file has.</summary>
    Table Read(byte[] bytes, IReadOnlyList<TaskColumns> choices, DataFaults faults);

    /// <summary>Every column, for a file of which nobody has said yet what it is for.</summary>
    void ReadAll(byte[] bytes, SplitTally to, DataFaults faults);
}

/// <summary>The formats by the ends of file names, and the bytes of a file.</summary>
internal static class TableFile
{
    public static ITableReader? ReaderOf(string path, DataFaults faults)
    {
        switch (Path.GetExtension(path).ToLowerInvariant())
        {
            case ".jsonl": return new JsonLines();
            case ".tsv": return SeparatedTable.Tsv;
            case ".csv": return SeparatedTable.Csv;
            case ".parquet": return new ParquetTable();
            case var other:
                faults.Add($"must end in {string.Join(", ", DataFiles.Extensions)}, which says how to read it; it ends in \"{other}\"");
                return null;
        }
    }

    public static byte[]? BytesOf(string path, DataFaults faults)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            faults.Add($"cannot be read: {e.Message}");
            return null;
        }
    }
}
