using System.Text;

namespace LoraDrop.Engine.Data;

/// <summary>What a file says of a cell.</summary>
internal enum CellKind : byte
{
    /// <summary>Nothing: its format knows text alone (CSV, TSV).</summary>
    Untyped,

    Text,

    /// <summary>A number under its shortest spelling.</summary>
    Number,

    /// <summary><c>true</c> or <c>false</c>.</summary>
    Boolean,

    /// <summary>Something else; the cell's text says what: <c>a list</c>.</summary>
    Other,

    /// <summary>What ought to be a text and cannot be read; the cell's text says why: <c>holds half of a surrogate pair</c>.</summary>
    Broken,

    /// <summary>A cell of a row that could not be read, which is a fault already.</summary>
    Lost,
}

/// <summary>Takes the cells of a file while a reader goes through it.</summary>
internal interface ICellSink
{
    /// <summary>Rows of the file; set once all are read.</summary>
    int Rows { get; set; }

    /// <summary>Told of each column as it appears, in the file's order.</summary>
    /// <returns>The column for its cells; null if they are not read and need not be decoded.</returns>
    CellColumn? Begin(string column);
}

/// <summary>Takes the cells of one column, row by row.</summary>
internal abstract class CellColumn(string name)
{
    public string Name => name;

    /// <summary>Cells so far, one for each row.</summary>
    public int Cells { get; private set; }

    /// <param name="place">The cell's row.</param>
    /// <param name="utf8">What it holds; nothing where the value is missing.</param>
    /// <param name="kind">What the format says that it is.</param>
    public void Add(RowPlace place, ReadOnlySpan<byte> utf8, CellKind kind)
    {
        Take(place, utf8, kind);
        Cells++;
    }

    public void AddText(RowPlace place, string text, CellKind kind) => Add(place, Encoding.UTF8.GetBytes(text), kind);

    /// <summary>Empty cells up to a row, for rows in which the column is not there.</summary>
    /// <param name="rows">Cells that there must be then.</param>
    /// <param name="placeOf">The place of a row, by its index.</param>
    public void Fill(int rows, Func<int, RowPlace> placeOf)
    {
        while (Cells < rows) Add(placeOf(Cells), default, CellKind.Untyped);
    }

    /// <summary>Says that the column cannot be read, and why; no cell follows.</summary>
    public abstract void Refuse(string why);

    protected abstract void Take(RowPlace place, ReadOnlySpan<byte> utf8, CellKind kind);
}

/// <summary>Keeps the cells of the columns that a task may read, and the names of all.</summary>
/// <param name="wanted">The columns that are kept.</param>
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

    /// <summary>What a column holds in a row.</summary>
    public string this[string column, int row] => _kept[column].Texts[row];

    /// <summary>What is wrong with a cell that is read as a text, or as a text or a number; null where nothing is.</summary>
    /// <param name="column">The column.</param>
    /// <param name="row">The row, from 0.</param>
    /// <param name="numbers">Whether numbers, and true and false, will do.</param>
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

    /// <summary>Whether a row could not be read, which is a fault already.</summary>
    public bool IsLost(int row) => _kept.Values.Any(column => row < column.Kinds.Count && column.Kinds[row] == CellKind.Lost);

    /// <summary>Why none of a column's cells can be read; null where they can.</summary>
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
