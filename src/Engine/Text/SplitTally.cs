using System.Globalization;
using LoraDrop.Domain;

namespace LoraDrop.Engine;

/// <summary>Counts what is in the columns of a file while a reader goes through it.</summary>
internal sealed class SplitTally : ICellSink
{
    private bool _header;

    public IReadOnlyList<ColumnTally> Columns { get; private set; } = [];

    public int Rows => Columns.Count == 0 ? 0 : Columns[0].Cells;

    public IReadOnlyList<CellColumn> Begin(IReadOnlyList<string> columns, bool header)
    {
        (_header, Columns) = (header, [.. columns.Select(name => new ColumnTally(name))]);
        return Columns;
    }

    public SplitFacts Facts(string split, string file, long bytes, string sha256) => new(split, file, bytes, sha256, Rows, _header, [.. Columns.Select(column => column.Facts())],
        [.. Enumerable.Range(0, Math.Min(Rows, SplitFacts.PreviewRows)).Select(row => (IReadOnlyList<string>)[.. Columns.Select(column => column.Preview[row])])]);
}

/// <summary>Counts what is in one column.</summary>
internal sealed class ColumnTally(string name) : CellColumn(name)
{
    private readonly Dictionary<string, int> _values = [];
    private ColumnType? _type;
    private int _empty, _longest;
    private RowPlace? _firstEmpty;
    private CellFacts? _firstNotNumber;

    public int Cells { get; private set; }

    /// <summary>The first cells, cut where they are long.</summary>
    public List<string> Preview { get; } = [];

    public override void Add(RowPlace place, string text, ColumnType? type = null)
    {
        if (Cells++ < SplitFacts.PreviewRows) Preview.Add(Cut(text));
        if (string.IsNullOrWhiteSpace(text))
        {
            _empty++;
            _firstEmpty ??= place;
            return;
        }
        _longest = Math.Max(_longest, text.Length);
        if (_type != ColumnType.Text) _type = Joined(_type, type ?? Looks(text));
        if (_firstNotNumber is null && ClassNames.NumberOf(text) is null) _firstNotNumber = new($"{place}", Cut(text));
        if (_values.TryGetValue(text, out var rows)) _values[text] = rows + 1;
        else if (_values.Count < ColumnFacts.MostDistinct) _values[text] = 1;
    }

    public ColumnFacts Facts() =>
        new(Name, _type ?? ColumnType.Text, _empty, _firstEmpty?.ToString(), _values.Count, Values(), _firstNotNumber, _longest);

    private Dictionary<string, int>? Values() => _values.Count > ColumnFacts.MostValues || _longest > ColumnFacts.LongestCell ? null
        : ClassNames.Infer(_values.Keys).ToDictionary(value => value, value => _values[value]);

    private static ColumnType Joined(ColumnType? known, ColumnType next) => (known, next) switch
    {
        (null, _) => next,
        var (a, b) when a == b => b,
        (ColumnType.Whole or ColumnType.Number, ColumnType.Whole or ColumnType.Number) => ColumnType.Number,
        _ => ColumnType.Text,
    };

    private static ColumnType Looks(string text) => ClassNames.NumberOf(text) is null ? text.ToLowerInvariant() is "true" or "false" ? ColumnType.Boolean : ColumnType.Text
        : long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _) ? ColumnType.Whole : ColumnType.Number;

    /// <summary>Half of a surrogate pair is no character, so none is left at the end.</summary>
    private static string Cut(string text) => text.Length <= ColumnFacts.LongestCell ? text
        : text[..(char.IsHighSurrogate(text[ColumnFacts.LongestCell - 1]) ? ColumnFacts.LongestCell - 1 : ColumnFacts.LongestCell)] + "…";
}
