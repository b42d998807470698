using System.Text.Json;

namespace LoraDrop.Engine.Data;

/// <summary>Reads the rows of data files of one format, as a stream: what it holds at a time does not grow with the file.</summary>
internal abstract class TableReader(DataBytes bytes)
{
    protected DataBytes Bytes => bytes;

    /// <summary>Whether columns have names.</summary>
    public virtual bool Header => true;

    /// <summary>Why the file holds no rows that can be read, as a fault says it; null where it does.</summary>
    public virtual string? Refusal => null;

    /// <summary>Why the first line is no header; null where it is one, or where a format has none.</summary>
    public virtual string? WhyNoHeader => null;

    /// <summary>Whether rows are conversations; their columns are <c>text</c> and <c>label</c>, and the fields beside the
    /// messages.</summary>
    public virtual bool Conversations => false;

    /// <summary>Whether a column has no name of its own: the index that a table was written with.</summary>
    public virtual bool IsUnnamed(string column) => false;

    /// <summary>What a person should know about how the file was read; known when it is.</summary>
    public virtual IEnumerable<string> Remarks => [];

    /// <summary>Reads every cell that is needed.</summary>
    /// <param name="to">Takes them.</param>
    /// <param name="chat">How a row that is a conversation becomes a text and a label; null with a fault.</param>
    /// <param name="faults">Gets what is wrong.</param>
    public abstract void ReadCells(ICellSink to, ChatReading chat, DataFaults faults);

    /// <summary>Every row as an object; the element lasts until the next is asked for.</summary>
    public abstract IEnumerable<(RowPlace Place, JsonElement Row)> ReadObjects(DataFaults faults);
}

/// <summary>Reads a conversation as a text and its label: what was said before, and the answer. Null where it has a fault, which is
/// added.</summary>
internal delegate (string Text, string Label)? ChatReading(JsonElement row, RowPlace place, DataFaults faults);
