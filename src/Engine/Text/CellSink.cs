namespace LoraDrop.Engine;

/// <summary>Takes every cell of a file while a reader goes through it.</summary>
internal interface ICellSink
{
    /// <summary>Told once, before the first cell.</summary>
    /// <returns>What takes the cells of each column; every row has a cell in each.</returns>
    IReadOnlyList<CellColumn> Begin(IReadOnlyList<string> columns, bool header);
}

/// <summary>Takes the cells of one column.</summary>
internal abstract class CellColumn(string name)
{
    public string Name => name;

    /// <param name="place">The cell's row.</param>
    /// <param name="text">What it holds.</param>
    /// <param name="type">What the format says that it is; null: it does not say.</param>
    public abstract void Add(RowPlace place, string text, Domain.ColumnType? type = null);
}

/// <summary>Keeps every cell.</summary>
internal sealed class CellTable : ICellSink
{
    private Kept[] _columns = [];

    public IReadOnlyList<string> Columns => [.. _columns.Select(column => column.Name)];

    public int Rows => _columns.Length == 0 ? 0 : _columns[0].Cells.Count;

    public RowPlace PlaceOf(int row) => _columns[0].Places[row];

    /// <summary>The cells of a column, by row.</summary>
    public IReadOnlyList<string> this[string column] => _columns.First(kept => kept.Name == column).Cells;

    public IReadOnlyList<CellColumn> Begin(IReadOnlyList<string> columns, bool header) => _columns = [.. columns.Select(name => new Kept(name))];

    private sealed class Kept(string name) : CellColumn(name)
    {
        public List<string> Cells { get; } = [];

        public List<RowPlace> Places { get; } = [];

        public override void Add(RowPlace place, string text, Domain.ColumnType? type = null)
        {
            Cells.Add(text);
            Places.Add(place);
        }
    }
}
