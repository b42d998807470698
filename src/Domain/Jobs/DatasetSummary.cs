using System.Text.Json.Serialization;

namespace LoraDrop.Domain;

/// <summary>A summary of a dataset, independent of any task.</summary>
/// <param name="Splits">Train, then validation and test if present.</param>
public sealed record DatasetSummary(IReadOnlyList<SplitSummary> Splits);

/// <summary>A summary of one file of a dataset.</summary>
/// <param name="Split"><c>train</c>, <c>validation</c> or <c>test</c>.</param>
/// <param name="File">File name.</param>
/// <param name="Bytes">Size in bytes.</param>
/// <param name="Sha256">SHA-256 digest in lower-case hexadecimal.</param>
/// <param name="Rows">Number of rows, without the header.</param>
/// <param name="Header">Whether columns have names. For TSV and CSV the first line decides (<see cref="HeaderLine"/>).</param>
/// <param name="Columns">The columns in file order.</param>
/// <param name="Preview">The first <see cref="PreviewRows"/> rows, with long cells truncated.</param>
public sealed record SplitSummary(string Split, string File, long Bytes, string Sha256, int Rows, bool Header,
    IReadOnlyList<ColumnSummary> Columns, IReadOnlyList<IReadOnlyList<string>> Preview)
{
    public const string Train = "train", Validation = "validation", Test = "test";

    public const int PreviewRows = 20;

    /// <summary>Columns that no task can read: lists, objects, dates, undecodable or empty columns, and an unnamed index.</summary>
    public IReadOnlyList<string> NotUsed { get; init; } = [];

    /// <summary>Notes on the file.</summary>
    public IReadOnlyList<string> Remarks { get; init; } = [];

    /// <summary>Whether the format distinguishes text from numbers (JSON, Parquet); otherwise types are inferred from the cells.</summary>
    [JsonIgnore]
    public bool Typed => DataFormat.IsTyped(File);
}

/// <summary>The type of a column's cells.</summary>
public enum ColumnType
{
    Text,

    /// <summary>Whole numbers, including those written as 1.0.</summary>
    [JsonStringEnumMemberName("integer")]
    Whole,

    /// <summary>Finite numbers.</summary>
    Number,

    /// <summary><c>true</c> and <c>false</c>, in any case.</summary>
    Boolean,

    /// <summary>Lists, objects, dates and other values that no task can read; the cells are not shown.</summary>
    Other,
}

/// <summary>A summary of one column of a file.</summary>
/// <param name="Name">Column name, or its index from 0 if there is no header.</param>
/// <param name="Type">The type all non-empty cells share, by value: 1.0 is an integer. Text if all are empty.</param>
/// <param name="Empty">Number of missing or blank cells; the other figures exclude them.</param>
/// <param name="FirstEmpty">Position of the first empty cell: <c>row 7 (line 8)</c>.</param>
/// <param name="Distinct">Number of distinct values as written, counted up to <see cref="MostDistinct"/>.</param>
/// <param name="Values">Number of rows per value, named and ordered as classes are (1.0 counts as 1, True as true); null if there are more
/// than <see cref="MostValues"/> or one is longer than <see cref="LongestCell"/>.</param>
/// <param name="FirstNotNumber">The first cell that is not a finite number.</param>
/// <param name="Longest">Length of the longest cell, in characters.</param>
public sealed record ColumnSummary(
    string Name, ColumnType Type, int Empty, string? FirstEmpty, int Distinct, IReadOnlyDictionary<string, int>? Values,
    CellSample? FirstNotNumber, int Longest)
{
    public const int MostDistinct = 1001, MostValues = 100, LongestCell = 500;

    /// <summary>Why no task can read it, such as <c>row 7 (line 7) contains half of a surrogate pair</c>; absent if it can be
    /// read.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Unreadable { get; init; }
}

/// <summary>A cell: its position, such as <c>row 7 (line 8)</c>, and its text, truncated if long.</summary>
public sealed record CellSample(string Place, string Text);
