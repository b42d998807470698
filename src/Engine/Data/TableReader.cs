using System.Text.Json;

namespace LoraDrop.Engine.Data;

/// <summary>Streams the rows of data files of one format; memory use does not grow with the file.</summary>
internal abstract class TableReader(DataBytes bytes)
{
    protected DataBytes Bytes => bytes;

    /// <summary>Whether columns have names.</summary>
    public virtual bool Header => true;

    /// <summary>Why the file has no readable rows, worded as a fault, or null.</summary>
    public virtual string? Refusal => null;

    /// <summary>Why the first line is not a header; null if it is, or if the format has none.</summary>
    public virtual string? WhyNoHeader => null;

    /// <summary>Whether rows are conversations; their columns are <c>text</c> and <c>label</c>, plus the fields beside the
    /// messages.</summary>
    public virtual bool Conversations => false;

    /// <summary>Whether a column has no name of its own: a table's stored index.</summary>
    public virtual bool IsUnnamed(string column) => false;

    /// <summary>Remarks for the user on how the file was read; complete once it is.</summary>
    public virtual IEnumerable<string> Remarks => [];

    /// <summary>Reads all needed cells.</summary>
    /// <param name="to">Receives them.</param>
    /// <param name="chat">Converts a conversation row to a text and a label; null if it has a fault.</param>
    /// <param name="faults">Receives faults.</param>
    public abstract void ReadCells(ICellSink to, ChatReading chat, DataFaults faults);

    /// <summary>Every row as an object; each element is valid until the next.</summary>
    public abstract IEnumerable<(RowPlace Place, JsonElement Row)> ReadObjects(DataFaults faults);
}

/// <summary>Reads a conversation as a text (the messages before the answer) and its label (the answer). Null if it has a fault, which is
/// added.</summary>
internal delegate (string Text, string Label)? ChatReading(JsonElement row, RowPlace place, DataFaults faults);
