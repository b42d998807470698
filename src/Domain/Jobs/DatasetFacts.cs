using System.Text.Json.Serialization;

namespace LoraDrop.Domain;

/// <summary>What can be known of a data set before anybody says what to learn from it.</summary>
/// <param name="Splits">Train, then validation and test where there are any.</param>
public sealed record DatasetFacts(IReadOnlyList<SplitFacts> Splits);

/// <summary>One file of a data set.</summary>
/// <param name="Split"><c>train</c>, <c>validation</c> or <c>test</c>.</param>
/// <param name="File">The file's name.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Sha256">Of its bytes, in lower-case hexadecimal.</param>
/// <param name="Rows">Rows of data; a header is none.</param>
/// <param name="Header">Whether columns have names. For TSV and CSV this is a guess: the first line is taken for a header where its cells are all different and none is empty or a number.</param>
/// <param name="Columns">In the file's order.</param>
/// <param name="Preview">The first <see cref="PreviewRows"/> rows, long cells cut.</param>
public sealed record SplitFacts(string Split, string File, long Bytes, string Sha256, int Rows, bool Header, IReadOnlyList<ColumnFacts> Columns, IReadOnlyList<IReadOnlyList<string>> Preview)
{
    public const string Train = "train", Validation = "validation", Test = "test";

    public const int PreviewRows = 20;

    /// <summary>Whether the format says of a cell whether it is text or a number (JSON Lines, Parquet); else the type of a column is what its cells look like.</summary>
    [JsonIgnore]
    public bool Typed => DataFormat.Unpacked(DataFormat.Of(File)) is ".jsonl" or ".json" or ".txt" or ".parquet";
}

/// <summary>What the cells of a column are.</summary>
public enum ColumnType
{
    Text,

    /// <summary>Whole numbers of 64 bits.</summary>
    [JsonStringEnumMemberName("integer")]
    Whole,

    /// <summary>Finite numbers.</summary>
    Number,

    /// <summary><c>true</c> and <c>false</c>.</summary>
    Boolean,

    /// <summary>Lists, dates and what else no task can read; the cells are not shown.</summary>
    Other,
}

/// <summary>One column of a file.</summary>
/// <param name="Name">Its name, or its place from 0 where there is no header.</param>
/// <param name="Type">What all cells that are not empty have in common; text where all are empty.</param>
/// <param name="Empty">Cells that are missing, or hold nothing but blanks; the numbers below leave them out.</param>
/// <param name="FirstEmpty">Where the first is: <c>row 7 (line 8)</c>.</param>
/// <param name="Distinct">Different values, counted up to <see cref="MostDistinct"/>.</param>
/// <param name="Values">Rows by value, in the order of class names; null where there are more than <see cref="MostValues"/>, or one is longer than <see cref="LongestCell"/>.</param>
/// <param name="FirstNotNumber">The first cell that is no finite number.</param>
/// <param name="Longest">Characters of the longest cell.</param>
public sealed record ColumnFacts(
    string Name, ColumnType Type, int Empty, string? FirstEmpty, int Distinct, IReadOnlyDictionary<string, int>? Values, CellFacts? FirstNotNumber, int Longest)
{
    public const int MostDistinct = 1001, MostValues = 100, LongestCell = 500;
}

/// <summary>A cell: its place, <c>row 7 (line 8)</c>, and its text, cut where it is long.</summary>
public sealed record CellFacts(string Place, string Text);
