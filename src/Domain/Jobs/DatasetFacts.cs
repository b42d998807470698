using System.Text.Json.Serialization;

namespace LoraDrop.Domain;

/// <summary>What can be known of a data set before anybody says what to learn from it.</summary>
/// <param name="Splits">Train, then validation and test where there are any.</param>
public sealed record DatasetFacts(IReadOnlyList<SplitFacts> Splits);

/// <summary>One file of a data set.</summary>
/// <param name="Split"><c>train</c>, <c>validation</c> or <c>test</c>.</param>
/// <param name="File">The file's name.</param>
/// <param name="Bytes">Size in bytes.</param>
/// <param name="Sha256">Of its bytes, in lower-case hexadecimal.</param>
/// <param name="Rows">Rows of data; a header is none.</param>
/// <param name="Header">Whether columns have names. Of TSV and CSV the first line decides (<see cref="HeaderLine"/>).</param>
/// <param name="Columns">In the file's order.</param>
/// <param name="Preview">The first <see cref="PreviewRows"/> rows, long cells cut.</param>
public sealed record SplitFacts(string Split, string File, long Bytes, string Sha256, int Rows, bool Header, IReadOnlyList<ColumnFacts> Columns, IReadOnlyList<IReadOnlyList<string>> Preview)
{
    public const string Train = "train", Validation = "validation", Test = "test";

    public const int PreviewRows = 20;

    /// <summary>Columns that no task can read: lists, dates and the like, what cannot be decoded, what is empty throughout, and an index without a name.</summary>
    public IReadOnlyList<string> NotUsed { get; init; } = [];

    /// <summary>What a person should know about what the file holds.</summary>
    public IReadOnlyList<string> Remarks { get; init; } = [];

    /// <summary>Whether the format says of a cell whether it is text or a number (JSON, Parquet); else the type of a column is what its cells look like.</summary>
    [JsonIgnore]
    public bool Typed => DataFormat.IsTyped(File);
}

/// <summary>What the cells of a column are.</summary>
public enum ColumnType
{
    Text,

    /// <summary>Whole numbers, also where they are spelt 1.0.</summary>
    [JsonStringEnumMemberName("integer")]
    Whole,

    /// <summary>Finite numbers.</summary>
    Number,

    /// <summary><c>true</c> and <c>false</c>, in any spelling.</summary>
    Boolean,

    /// <summary>Lists, objects, dates and what else no task can read; the cells are not shown.</summary>
    Other,
}

/// <summary>One column of a file.</summary>
/// <param name="Name">Its name, or its place from 0 where there is no header.</param>
/// <param name="Type">What all cells that are not empty have in common, by their values: 1.0 is an integer; text where all are empty.</param>
/// <param name="Empty">Cells that are missing, or hold nothing but blanks; the numbers below leave them out.</param>
/// <param name="FirstEmpty">Where the first is: <c>row 7 (line 8)</c>.</param>
/// <param name="Distinct">Different values as they are spelt, counted up to <see cref="MostDistinct"/>.</param>
/// <param name="Values">Rows by value, as classes are named and ordered (1.0 counts as 1, True as true); null where there are more than <see cref="MostValues"/>, or one is longer than <see cref="LongestCell"/>.</param>
/// <param name="FirstNotNumber">The first cell that is no finite number.</param>
/// <param name="Longest">Characters of the longest cell.</param>
public sealed record ColumnFacts(
    string Name, ColumnType Type, int Empty, string? FirstEmpty, int Distinct, IReadOnlyDictionary<string, int>? Values, CellFacts? FirstNotNumber, int Longest)
{
    public const int MostDistinct = 1001, MostValues = 100, LongestCell = 500;

    /// <summary>Why no task can read it, such as <c>row 7 (line 7) holds half of a surrogate pair</c>; absent where one can.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Unreadable { get; init; }
}

/// <summary>A cell: its place, <c>row 7 (line 8)</c>, and its text, cut where it is long.</summary>
public sealed record CellFacts(string Place, string Text);
