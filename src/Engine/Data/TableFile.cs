using System.Text.Json;
using CsvHelper;
using LoraDrop.Domain;

namespace LoraDrop.Engine.Data;

/// <summary>A data file. Its format, compression, header, columns, types, and whether its rows are conversations are decided only here: for
/// upload inspection, training and the command line alike.</summary>
/// <remarks>Rows are streamed; <see cref="ReadCells"/> and <see cref="ReadObjects"/> each read the whole file.</remarks>
internal sealed class TableFile : IDisposable
{
    private readonly DataBytes _bytes;
    private readonly TableReader _reader;
    private readonly DataFaults _faults;

    private TableFile(DataBytes bytes, TableReader reader, DataFaults faults) => (_bytes, _reader, _faults) = (bytes, reader, faults);

    /// <summary>The file's name.</summary>
    public string Name => Path.GetFileName(_bytes.Path);

    /// <summary>Size of the stored file in bytes.</summary>
    public long Bytes => _bytes.Length;

    /// <summary>SHA-256 of the stored file, in lower-case hexadecimal.</summary>
    public string Sha256 => _bytes.Sha256;

    /// <summary>Whether columns have names; otherwise they are numbered from 0.</summary>
    public bool Header => _reader.Header;

    /// <summary>Why the first line is not a header, or null.</summary>
    public string? WhyNoHeader => _reader.WhyNoHeader;

    /// <summary>Whether rows are conversations.</summary>
    public bool Conversations => _reader.Conversations;

    /// <summary>Remarks for the user on how the file was read; complete once it is.</summary>
    public IEnumerable<string> Remarks => _reader.Remarks;

    /// <param name="path">The file; its extension determines the format.</param>
    /// <param name="faults">Receives its faults, now and while it is read; the result is null if it cannot be opened.</param>
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

    /// <summary>Whether a column has no name of its own: a table's stored index.</summary>
    public bool IsUnnamed(string column) => _reader.IsUnnamed(column);

    /// <summary>Reads all needed cells.</summary>
    /// <returns>Whether the file was read completely; rows may still have faults.</returns>
    public bool ReadCells(ICellSink to, ChatReading chat)
    {
        var whole = Guard(_faults, () => _reader.ReadCells(to, chat, _faults));
        if (to.Rows == 0 && !_faults.Any) _faults.Add("has no rows");
        return whole;
    }

    /// <summary>Every row as an object, for conversations; each element is valid until the next.</summary>
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
            faults.Add($"cannot be read as CSV: {e.Message}");   // a record that does not fit in memory
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            faults.Add($"cannot be read: {e.Message}");
        }
        return false;
    }
}
