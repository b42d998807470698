using System.Text.Json;
using CsvHelper;
using LoraDrop.Domain;

namespace LoraDrop.Engine.Data;

/// <summary>A data file. What its format, packing, header, columns and types are, and whether its rows are conversations, is decided here
/// and nowhere else: for the inspection of an upload, for training
/// and for the command line alike.</summary>
/// <remarks>Rows are read as a stream; <see cref="ReadCells"/> and <see cref="ReadObjects"/> each go through the whole file.</remarks>
internal sealed class TableFile : IDisposable
{
    private readonly DataBytes _bytes;
    private readonly TableReader _reader;
    private readonly DataFaults _faults;

    private TableFile(DataBytes bytes, TableReader reader, DataFaults faults) => (_bytes, _reader, _faults) = (bytes, reader, faults);

    /// <summary>The file's name.</summary>
    public string Name => Path.GetFileName(_bytes.Path);

    /// <summary>Bytes of the file as it is stored.</summary>
    public long Bytes => _bytes.Length;

    /// <summary>Of the file as it is stored, in lower-case hexadecimal.</summary>
    public string Sha256 => _bytes.Sha256;

    /// <summary>Whether columns have names; without, they are counted from 0.</summary>
    public bool Header => _reader.Header;

    /// <summary>Why the first line is no header, where it is none.</summary>
    public string? WhyNoHeader => _reader.WhyNoHeader;

    /// <summary>Whether rows are conversations.</summary>
    public bool Conversations => _reader.Conversations;

    /// <summary>What a person should know about how the file was read; known when it is.</summary>
    public IEnumerable<string> Remarks => _reader.Remarks;

    /// <param name="path">The file; the end of its name says how to read it.</param>
    /// <param name="faults">Gets what is wrong with the file, now and while it is read; the answer is null where it cannot be
    /// opened.</param>
    public static TableFile? Open(string path, DataFaults faults)
    {
        var format = DataFormat.Uncompressed(DataFormat.Of(path));
        if (!DataFormat.Extensions.Contains(format))
        {
            faults.Add(
                $"must end in {string.Join(", ", DataFormat.Extensions)}, which says how to read it; it ends in \"{DataFormat.Of(path)}\"");
            return null;
        }
        if (DataBytes.Open(path, faults) is not { } bytes) return null;
        TableReader? reader = null;
        Guard(faults, () => reader = format switch
        {
            ".jsonl" => new JsonRows(bytes, list: false),
            ".json" => new JsonRows(bytes, list: true),
            ".tsv" => new SeparatedTable(bytes, tabs: true),
            ".csv" => new SeparatedTable(bytes, tabs: false),
            ".txt" => new E2eLines(bytes),
            _ => ParquetTable.Open(bytes, faults),
        });
        if (reader?.Refusal is { } refusal) faults.Add(refusal);
        if (reader is not null && !faults.Any) return new(bytes, reader, faults);
        bytes.Dispose();
        return null;
    }

    /// <summary>Whether a column has no name of its own: the index that a table was written with.</summary>
    public bool IsUnnamed(string column) => _reader.IsUnnamed(column);

    /// <summary>Reads every cell that is needed.</summary>
    /// <returns>Whether the file could be read to its end; rows may have faults all the same.</returns>
    public bool ReadCells(ICellSink to, ChatReading chat)
    {
        var whole = Guard(_faults, () => _reader.ReadCells(to, chat, _faults));
        if (to.Rows == 0 && !_faults.Any) _faults.Add("has no rows");
        return whole;
    }

    /// <summary>Every row as an object, for conversations; the element lasts until the next is asked for.</summary>
    public IEnumerable<(RowPlace Place, JsonElement Row)> ReadObjects()
    {
        var any = false;
        using var rows = _reader.ReadObjects(_faults).GetEnumerator();
        while (true)
        {
            var there = false;
            Guard(_faults, () => there = rows.MoveNext());
            if (!there) break;
            any = true;
            yield return rows.Current;
        }
        if (!any && !_faults.Any) _faults.Add("has no rows");
    }

    public void Dispose() => _bytes.Dispose();

    private static bool Guard(DataFaults faults, Action read)
    {
        try
        {
            read();
            return true;
        }
        catch (InvalidDataException e)
        {
            faults.Add($"cannot be unpacked: {e.Message}");
        }
        catch (CsvFormatException e)
        {
            faults.Add($"cannot be read as CSV: {e.Message}");   // a record that no memory holds
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            faults.Add($"cannot be read: {e.Message}");
        }
        return false;
    }
}
