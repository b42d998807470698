using System.IO.Compression;
using LoraDrop.Domain;

namespace LoraDrop.Engine;

/// <summary>Reads data files of one format.</summary>
internal interface ITableReader
{
    /// <summary>The columns of the first choice that the file has.</summary>
    Table Read(byte[] bytes, IReadOnlyList<TaskColumns> choices, DataFaults faults);

    /// <summary>Every column, for a file of which nobody has said yet what it is for.</summary>
    void ReadAll(byte[] bytes, ICellSink to, DataFaults faults);
}

/// <summary>The formats by the ends of file names, and the bytes of a file.</summary>
internal static class TableFile
{
    private const long MostUnpacked = 1 << 30;

    public static ITableReader? ReaderOf(string path, DataFaults faults)
    {
        switch (DataFormat.Unpacked(DataFormat.Of(path)))
        {
            case ".jsonl": return JsonRows.Lines;
            case ".json": return JsonRows.List;
            case ".tsv": return SeparatedTable.Tsv;
            case ".csv": return SeparatedTable.Csv;
            case ".txt": return new E2eLines();
            case ".parquet": return new ParquetTable();
            case var other:
                faults.Add($"must end in {string.Join(", ", DataFormat.Ends)}, which says how to read it; it ends in \"{other}\"");
                return null;
        }
    }

    /// <summary>The bytes of a file, unpacked.</summary>
    public static byte[]? BytesOf(string path, DataFaults faults)
    {
        try
        {
            return DataFormat.IsPacked(DataFormat.Of(path)) ? Unpacked(path, faults) : File.ReadAllBytes(path);
        }
        catch (InvalidDataException e)
        {
            faults.Add($"cannot be unpacked: {e.Message}");
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            faults.Add($"cannot be read: {e.Message}");
            return null;
        }
    }

    /// <summary>A small file can be packed so that it fills any memory, so there is an end to it.</summary>
    private static byte[]? Unpacked(string path, DataFaults faults)
    {
        using var file = File.OpenRead(path);
        using var packed = new GZipStream(file, CompressionMode.Decompress);
        using var bytes = new MemoryStream();
        var buffer = new byte[1 << 16];
        for (int read; (read = packed.Read(buffer)) > 0;)
        {
            if (bytes.Length + read > MostUnpacked)
            {
                faults.Add($"unpacks to more than {MostUnpacked >> 20} MiB from {file.Length} bytes; a data file is smaller");
                return null;
            }
            bytes.Write(buffer, 0, read);
        }
        return bytes.ToArray();
    }
}
