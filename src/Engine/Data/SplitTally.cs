using System.Buffers;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using LoraDrop.Domain;

namespace LoraDrop.Engine.Data;

/// <summary>Collects statistics on the columns of a file as it is read.</summary>
internal sealed class SplitTally : ICellSink
{
    private readonly List<ColumnTally> _columns = [];

    public int Rows { get; set; }

    public CellColumn Begin(string column)
    {
        var tally = new ColumnTally(column);
        _columns.Add(tally);
        return tally;
    }

    /// <param name="split"><c>train</c>, <c>validation</c> or <c>test</c>.</param>
    /// <param name="file">The file, read completely.</param>
    public SplitSummary Summary(string split, TableFile file)
    {
        ColumnSummary[] columns = [.. _columns.Select(column => column.Summary())];
        // Fields beside the messages of a conversation, such as tools or history, may be for its chat template: a run reports unused ones.
        var converses = file.Conversations || ConversationReader.IsAlpaca([.. columns.Select(column => column.Name)]);
        bool IsReadable(ColumnSummary column) => column.Type != ColumnType.Other && column.Empty < Rows;
        string[] unused = [.. columns.Where(column => column.Unreadable is not null || file.IsUnnamed(column.Name)
            || !(converses || IsReadable(column))).Select(column => column.Name)];
        return new(split, file.Name, file.Bytes, file.Sha256, Rows, file.Header, columns,
            [.. Enumerable.Range(0, Math.Min(Rows, SplitSummary.PreviewRows)).Select(row =>
                (IReadOnlyList<string>)[.. _columns.Select(column => row < column.Preview.Count ? column.Preview[row] : "…")])])
        {
            NotUsed = unused,
            Remarks = [.. file.Remarks, .. columns.Where(column => column.Unreadable is not null).Select(column =>
                $"column {column.Name} cannot be read: {column.Unreadable}"), .. _columns.SelectMany(column => column.Remarks())],
        };
    }
}

/// <summary>Collects statistics on one column.</summary>
internal sealed class ColumnTally : CellColumn
{
    private readonly Dictionary<string, int> _values = [];
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _valuesBySpan;
    private ColumnType? _type;
    private int _empty, _longest;
    private RowPlace? _firstEmpty;
    private CellSample? _firstNotNumber;
    private string? _unreadable;

    public ColumnTally(string name) : base(name) => _valuesBySpan = _values.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>The first cells, truncated if long.</summary>
    public List<string> Preview { get; } = [];

    public ColumnSummary Summary() =>
        new(Name, _unreadable is null ? _type ?? ColumnType.Text : ColumnType.Other, _empty, _firstEmpty?.ToString(), _values.Count,
            Values(), _firstNotNumber, _longest) { Unreadable = _unreadable };

    /// <summary>Remarks on values that differ only in spelling, if there are few enough to be labels.</summary>
    public IEnumerable<string> Remarks() => IsListed ? ClassNames.SpellingRemarks(_values.Keys).Select(remark =>
        $"column {Name}: {remark}") : [];

    public override void Refuse(string why) => _unreadable ??= why;

    protected override void Take(RowPlace place, ReadOnlySpan<byte> utf8, CellKind kind)
    {
        if (kind == CellKind.Lost) return;
        if (kind is CellKind.Other or CellKind.Broken)
        {
            if (Cells < SplitSummary.PreviewRows) Preview.Add("…");
            if (kind == CellKind.Broken) _unreadable ??= $"{place} {Encoding.UTF8.GetString(utf8)}";
            _type = ColumnType.Other;
            return;
        }
        if (Cells < SplitSummary.PreviewRows) Preview.Add(Cut(Encoding.UTF8.GetString(utf8)));
        if (kind != CellKind.Text && IsPlainNumber(utf8, out var whole))
        {
            _longest = Math.Max(_longest, utf8.Length);
            if (_type is not (ColumnType.Text or ColumnType.Other)) _type = Joined(_type, whole ? ColumnType.Whole : ColumnType.Number);
            if (_values.Count >= ColumnSummary.MostDistinct) return;
            Span<char> digits = stackalloc char[utf8.Length];
            Encoding.ASCII.GetChars(utf8, digits);
            CountValue(digits);
            return;
        }
        if (_type == ColumnType.Text && _firstNotNumber is not null && _values.Count >= ColumnSummary.MostDistinct && IsFilled(utf8))
        {
            // Nothing else can change any more, and a text never has more characters than bytes.
            if (utf8.Length > _longest) _longest = Math.Max(_longest, Encoding.UTF8.GetCharCount(utf8));
            return;
        }
        var length = Encoding.UTF8.GetCharCount(utf8);
        var rented = length > 512 ? ArrayPool<char>.Shared.Rent(length) : null;
        var text = rented is null ? stackalloc char[length] : rented.AsSpan(0, length);
        Encoding.UTF8.GetChars(utf8, text);
        Count(place, text, kind);
        if (rented is not null) ArrayPool<char>.Shared.Return(rented);
    }

    private void Count(RowPlace place, ReadOnlySpan<char> text, CellKind kind)
    {
        if (text.IsWhiteSpace())
        {
            _empty++;
            _firstEmpty ??= place;
            return;
        }
        _longest = Math.Max(_longest, text.Length);
        if (_type is not (ColumnType.Text or ColumnType.Other)) _type = Joined(_type, TypeOf(text, kind));
        if (_firstNotNumber is null && NumberText.ValueOf(text) is null) _firstNotNumber = new($"{place}", Cut(text.ToString()));
        CountValue(text);
    }

    /// <summary>Values are no longer counted once there are too many to list.</summary>
    private void CountValue(ReadOnlySpan<char> text)
    {
        if (_values.Count < ColumnSummary.MostDistinct) CollectionsMarshal.GetValueRefOrAddDefault(_valuesBySpan, text, out _)++;
    }

    /// <summary>Whether a cell is a short number without an exponent, which is decided without parsing; most are.</summary>
    private static bool IsPlainNumber(ReadOnlySpan<byte> utf8, out bool whole)
    {
        const int Longest = 18;   // digits that fit in 64 bits
        whole = true;
        if (utf8.Length is 0 or > Longest) return false;
        var (digits, points) = (0, 0);
        for (var i = utf8[0] == '-' ? 1 : 0; i < utf8.Length; i++)
        {
            if (utf8[i] is >= (byte)'0' and <= (byte)'9')
            {
                digits++;
                whole &= points == 0 || utf8[i] == '0';
            }
            else if (utf8[i] != '.' || points++ > 0) return false;
        }
        return digits > 0;
    }

    /// <summary>A byte that is not white space decides without reading the rest.</summary>
    private static bool IsFilled(ReadOnlySpan<byte> utf8) => utf8.Length > 0 && utf8[0] is > 0x20 and < 0x7f;

    private bool IsListed => _values.Count is > 0 and < ColumnSummary.MostDistinct && _longest <= ColumnSummary.LongestCell
        && _type != ColumnType.Other && _unreadable is null;

    private Dictionary<string, int>? Values()
    {
        if (_longest > ColumnSummary.LongestCell || _values.Count >= ColumnSummary.MostDistinct || _type == ColumnType.Other
            || _unreadable is not null) return null;
        var names = ClassNames.Infer(_values.Keys);
        if (names.Count > ColumnSummary.MostValues) return null;
        var classes = new ClassIndex(names);
        var counts = new int[names.Count];
        foreach (var (value, rows) in _values) counts[classes.Of(value)!.Value] += rows;
        return names.Index().ToDictionary(name => name.Item, name => counts[name.Index]);
    }

    private static ColumnType Joined(ColumnType? known, ColumnType next) => (known, next) switch
    {
        (null, _) => next,
        var (a, b) when a == b => b,
        (ColumnType.Whole or ColumnType.Number, ColumnType.Whole or ColumnType.Number) => ColumnType.Number,
        _ => ColumnType.Text,
    };

    /// <summary>By value: 1.0 is an integer.</summary>
    private static ColumnType TypeOf(ReadOnlySpan<char> text, CellKind kind) => kind switch
    {
        CellKind.Text => ColumnType.Text,
        CellKind.Boolean => ColumnType.Boolean,
        _ when NumberText.ValueOf(text) is { } number => IsWhole(text, number) ? ColumnType.Whole : ColumnType.Number,
        _ when ClassNames.IsBoolean(text) => ColumnType.Boolean,
        _ => kind == CellKind.Number ? ColumnType.Number : ColumnType.Text,   // NaN in a column of numbers
    };

    private static bool IsWhole(ReadOnlySpan<char> text, double number) => long.TryParse(text, NumberStyles.AllowLeadingSign,
        CultureInfo.InvariantCulture, out _) || (double.IsInteger(number) && Math.Abs(number) <= long.MaxValue);

    /// <summary>Never ends in half of a surrogate pair.</summary>
    private static string Cut(string text) => text.Length <= ColumnSummary.LongestCell ? text
        : text[..(char.IsHighSurrogate(text[ColumnSummary.LongestCell - 1]) ? ColumnSummary.LongestCell - 1 : ColumnSummary.LongestCell)]
        + "…";
}
