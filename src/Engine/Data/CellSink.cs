using System.Text;

namespace LoraDrop.Engine.Data;

/// <summary>The type of a cell according to the file.</summary>
internal enum CellKind : byte
{
    /// <summary>Unknown: the format has only text (CSV, TSV).</summary>
    Untyped,

    Text,

    /// <summary>A number in its shortest form.</summary>
    Number,

    /// <summary><c>true</c> or <c>false</c>.</summary>
    Boolean,

    /// <summary>Another type, named by the cell's text: <c>a list</c>.</summary>
    Other,

    /// <summary>A text that cannot be read; the cell's text gives the reason: <c>holds half of a surrogate pair</c>.</summary>
    Broken,

    /// <summary>A cell of an unreadable row, whose fault is already reported.</summary>
    Lost,
}

/// <summary>Receives the cells of a file as it is read.</summary>
internal interface ICellSink
{
    /// <summary>Number of rows; set once all are read.</summary>
    int Rows { get; set; }

    /// <summary>Called for each column as it appears, in file order.</summary>
    /// <returns>The column for its cells, or null if they need not be decoded.</returns>
    CellColumn? Begin(string column);
}

/// <summary>Receives the cells of one column, row by row.</summary>
internal abstract class CellColumn(string name)
{
    public string Name => name;

    /// <summary>Cells so far, one per row.</summary>
    public int Cells { get; private set; }

    /// <param name="place">The cell's row.</param>
    /// <param name="utf8">Its content; empty if the value is missing.</param>
    /// <param name="kind">Its type according to the format.</param>
    public void Add(RowPlace place, ReadOnlySpan<byte> utf8, CellKind kind)
    {
        Take(place, utf8, kind);
        Cells++;
    }

    public void AddText(RowPlace place, string text, CellKind kind) => Add(place, Encoding.UTF8.GetBytes(text), kind);

    /// <summary>Adds empty cells up to a row, for rows that lack the column.</summary>
    /// <param name="rows">Number of cells afterwards.</param>
    /// <param name="placeOf">The place of a row by its index.</param>
    public void Fill(int rows, Func<int, RowPlace> placeOf)
    {
        while (Cells < rows) Add(placeOf(Cells), default, CellKind.Untyped);
    }

    /// <summary>Marks the column as unreadable, with the reason; no cell follows.</summary>
    public abstract void Refuse(string why);

    protected abstract void Take(RowPlace place, ReadOnlySpan<byte> utf8, CellKind kind);
}

/// <summary>Stores the cells of the columns that a task may read, and the names of all columns.</summary>
/// <param name="wanted">The columns to store.</param>
internal sealed class CellTable(IReadOnlyCollection<string> wanted) : ICellSink
{
    private readonly List<string> _names = [];
    private readonly Dictionary<string, Kept> _kept = [];
    private readonly List<RowPlace> _places = [];

    public int Rows { get; set; }

    /// <summary>Every column of the file.</summary>
    public IReadOnlyList<string> Columns => _names;

    public CellColumn? Begin(string column)
    {
        _names.Add(column);
        if (!wanted.Contains(column) || _kept.ContainsKey(column)) return null;
        return _kept[column] = new Kept(column, _kept.Count == 0 ? _places : null);
    }

    public RowPlace PlaceOf(int row) => row < _places.Count ? _places[row] : new(row + 1);

    /// <summary>The content of a cell.</summary>
    public string this[string column, int row] => _kept[column].Texts[row];

    /// <summary>The fault of a cell read as a text, or as a text or number; null if it is valid.</summary>
    /// <param name="column">The column.</param>
    /// <param name="row">The row, from 0.</param>
    /// <param name="numbers">Whether numbers and booleans are accepted.</param>
    public string? FaultOf(string column, int row, bool numbers)
    {
        var (text, kind) = (_kept[column].Texts[row], _kept[column].Kinds[row]);
        string MustBeText(string it) => $"must be a text{(numbers ? " or a number" : "")}; it is {it}";
        return kind switch
        {
            CellKind.Number when !numbers => MustBeText("a number"),
            CellKind.Boolean when !numbers => MustBeText("true or false"),
            CellKind.Other => MustBeText(text),
            CellKind.Broken => text,
            _ => null,
        };
    }

    /// <summary>Whether a row could not be read; its fault is already reported.</summary>
    public bool IsLost(int row) => _kept.Values.Any(column => row < column.Kinds.Count && column.Kinds[row] == CellKind.Lost);

    /// <summary>Why a column cannot be read, or null if it can.</summary>
    public string? RefusalOf(string column) => _kept[column].Refusal;

    private sealed class Kept(string name, List<RowPlace>? places) : CellColumn(name)
    {
        public List<string> Texts { get; } = [];

        public List<CellKind> Kinds { get; } = [];

        public string? Refusal { get; private set; }

        public override void Refuse(string why) => Refusal = why;

        protected override void Take(RowPlace place, ReadOnlySpan<byte> utf8, CellKind kind)
        {
            Texts.Add(utf8.IsEmpty ? "" : Encoding.UTF8.GetString(utf8));
            Kinds.Add(kind);
            places?.Add(place);
        }
    }
}
