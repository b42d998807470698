using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using LoraDrop.Domain;

namespace LoraDrop.Engine.Data;

/// <summary>Passes the cells of JSON objects to columns. The columns are the keys of all rows, in order of first appearance; a missing key
/// is an empty cell.</summary>
internal sealed class JsonCells(ICellSink to)
{
    /// <summary>Deeper than real data is nested, but safe for the stack.</summary>
    private const int MaxDepth = 512;

    private static readonly byte[] AList = "a list"u8.ToArray(), AnObject = "an object"u8.ToArray(), HalfAPair =
        "holds half of a surrogate pair"u8.ToArray();

    private static readonly SearchValues<byte> DigitsAndPoint = SearchValues.Create("0123456789."u8);

    private readonly JsonScan _scan = new();
    private readonly List<Key> _keys = [];
    private readonly Dictionary<string, Key> _byName = [];
    private int _row;
    private byte[] _unescaped = [];

    /// <summary>Reads an object; nothing may follow it.</summary>
    /// <exception cref="JsonException">It is not valid JSON, or has a duplicate key.</exception>
    public void Add(ReadOnlySpan<byte> json, RowPlace place)
    {
        var missing = CellKind.Lost;
        try
        {
            AddMembers(json, place);
            missing = CellKind.Untyped;
        }
        finally
        {
            End(place, missing);
        }
    }

    /// <summary>Reads a conversation as its usual columns, plus the fields beside its messages.</summary>
    public void Add(PlainConversation talk, ReadOnlySpan<byte> json, RowPlace place)
    {
        AddText(ChatLine.TextColumn, talk.Text, place);
        AddText(ChatLine.LabelColumn, talk.Label, place);
        for (var i = 0; i < talk.OtherFields.Count; i++)
        {
            var key = KeyOf(talk.OtherFields[i].Name(json), i + 2, place);
            key.Row = _row + 1;
            AddValue(talk.OtherFields[i], json, key.Column, place);
        }
        End(place, CellKind.Untyped);
    }

    private void AddMembers(ReadOnlySpan<byte> json, RowPlace place)
    {
        if (!_scan.TryRead(json))
        {
            ReadMembers(json, place);
            return;
        }
        for (var i = 0; i < _scan.Members.Length; i++)
        {
            var member = _scan.Members[i];
            var key = KeyOf(member.Name(json), i, place);
            if (key.Row == _row + 1) throw Twice(key, member.NameStart);
            AddValue(member, json, key.Column, place);
            key.Row = _row + 1;
        }
    }

    /// <summary>Reads an object that has something unusual, or a fault.</summary>
    private void ReadMembers(ReadOnlySpan<byte> json, RowPlace place)
    {
        var reader = new Utf8JsonReader(json, new() { MaxDepth = MaxDepth });
        reader.Read();
        for (var next = 0; reader.Read() && reader.TokenType != JsonTokenType.EndObject; next++)
        {
            var key = KeyOf(ref reader, next, place);
            if (key.Row == _row + 1) throw Twice(key, reader.TokenStartIndex);
            reader.Read();
            AddValue(ref reader, json, key.Column, place);
            key.Row = _row + 1;
        }
        while (reader.Read())
        {
            // The reader refuses anything after the object.
        }
    }

    /// <summary>Adds a cell that is not a member of the row; call before <see cref="Add(JsonElement, RowPlace, IReadOnlyList{string})"/>,
    /// which ends the row.</summary>
    public void AddText(string column, string text, RowPlace place) => AddText(column, Encoding.UTF8.GetBytes(text), place);

    private void AddText(string column, ReadOnlySpan<byte> text, RowPlace place)
    {
        var key = KeyOf(column, place);
        key.Row = _row + 1;
        key.Column?.Add(place, text, CellKind.Text);
    }

    /// <summary>Reads the members of an object, except some.</summary>
    public void Add(JsonElement row, RowPlace place, IReadOnlyList<string> without)
    {
        foreach (var member in row.EnumerateObject().Where(member => !without.Contains(member.Name)))
        {
            var key = KeyOf(member.Name, place);
            if (key.Row == _row + 1) continue;   // a conversation's own columns win
            key.Row = _row + 1;
            AddValue(key.Column, JsonMarshal.GetRawUtf8Value(member.Value), place);
        }
        End(place, CellKind.Untyped);
    }

    /// <summary>Adds a value to a given column, as a member of a row would be added.</summary>
    /// <param name="column">Receives it; null if it is not read.</param>
    /// <param name="json">The value; valid JSON.</param>
    /// <param name="place">Its row.</param>
    public void AddValue(CellColumn? column, ReadOnlySpan<byte> json, RowPlace place)
    {
        var reader = new Utf8JsonReader(json, new() { MaxDepth = MaxDepth });
        reader.Read();
        AddValue(ref reader, json, column, place);
    }

    private void End(RowPlace place, CellKind missing)
    {
        foreach (var key in _keys)
            if (key.Row != _row + 1) key.Column?.Add(place, default, missing);
        to.Rows = ++_row;
    }

    /// <summary>The reader's current key; most rows have the key order of the row before.</summary>
    private Key KeyOf(ref Utf8JsonReader reader, int next, RowPlace place)
    {
        if (next < _keys.Count && reader.ValueTextEquals(_keys[next].Utf8)) return _keys[next];
        string name;
        try
        {
            name = reader.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw new JsonException("A name holds half of a surrogate pair", null, 0, reader.TokenStartIndex);
        }
        return KeyOf(name, place);
    }

    private Key KeyOf(ReadOnlySpan<byte> name, int next, RowPlace place) =>
        next < _keys.Count && name.SequenceEqual(_keys[next].Utf8) ? _keys[next] : KeyOf(Encoding.UTF8.GetString(name), place);

    private Key KeyOf(string name, RowPlace place)
    {
        if (_byName.TryGetValue(name, out var known)) return known;
        var key = new Key(name, Encoding.UTF8.GetBytes(name), to.Begin(name));
        key.Column?.Fill(_row, row => new(row + 1, place.Line is null ? null : row + 1));   // earlier rows lack the key
        _keys.Add(key);
        _byName.Add(name, key);
        return key;
    }

    private static JsonException Twice(Key key, long at) => new($"Duplicate property '{key.Name}' encountered", null, 0, at);

    private void AddValue(JsonScan.Member member, ReadOnlySpan<byte> json, CellColumn? column, RowPlace place)
    {
        if (column is null) return;
        switch (member.Type)
        {
            case JsonTokenType.Null:
                column.Add(place, default, CellKind.Untyped);
                break;
            case JsonTokenType.String when member.Escaped:
                AddEscaped(member.Value(json), column, place);
                break;
            case JsonTokenType.String:
                column.Add(place, member.Text(json), CellKind.Text);
                break;
            case JsonTokenType.Number:
                AddNumber(member.Value(json), column, place);
                break;
            case JsonTokenType.True or JsonTokenType.False:
                column.Add(place, member.Value(json), CellKind.Boolean);
                break;
            default:
                column.Add(place, member.Type == JsonTokenType.StartArray ? AList : AnObject, CellKind.Other);
                break;
        }
    }

    private void AddValue(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, CellColumn? column, RowPlace place)
    {
        if (column is null)
        {
            reader.Skip();
            return;
        }
        switch (reader.TokenType)
        {
            case JsonTokenType.Null:
                column.Add(place, default, CellKind.Untyped);
                break;
            case JsonTokenType.String:
                if (reader.ValueIsEscaped) AddEscaped(json.Slice((int)reader.TokenStartIndex, reader.ValueSpan.Length + 2), column, place);
                else column.Add(place, reader.ValueSpan, CellKind.Text);
                break;
            case JsonTokenType.Number:
                AddNumber(reader.ValueSpan, column, place);
                break;
            case JsonTokenType.True or JsonTokenType.False:
                column.Add(place, reader.ValueSpan, CellKind.Boolean);
                break;
            default:
                var noun = reader.TokenType == JsonTokenType.StartArray ? AList : AnObject;
                reader.Skip();
                column.Add(place, noun, CellKind.Other);
                break;
        }
    }

    private void AddEscaped(ReadOnlySpan<byte> quoted, CellColumn column, RowPlace place)
    {
        if (_unescaped.Length < quoted.Length)
        {
            if (_unescaped.Length > 0) ArrayPool<byte>.Shared.Return(_unescaped);
            _unescaped = ArrayPool<byte>.Shared.Rent(quoted.Length);
        }
        if (TryUnescape(quoted, _unescaped, out var length)) column.Add(place, _unescaped.AsSpan(0, length), CellKind.Text);
        else column.Add(place, HalfAPair, CellKind.Broken);
    }

    /// <summary>Unescapes a JSON string; fails on half of a surrogate pair, which is valid JSON but not a character.</summary>
    /// <param name="quoted">The string with its quotes.</param>
    /// <param name="to">Receives the text; must be as long as the string.</param>
    /// <param name="length">Length of the text in bytes.</param>
    internal static bool TryUnescape(ReadOnlySpan<byte> quoted, Span<byte> to, out int length)
    {
        length = 0;
        var rest = quoted[1..^1];
        for (int plain; (plain = rest.IndexOf((byte)'\\')) >= 0; rest = rest[(plain + 2)..])
        {
            if (rest[plain + 1] == 'u') return TryUnescapeAny(quoted, to, out length);
            rest[..plain].CopyTo(to[length..]);
            length += plain;
            to[length++] = rest[plain + 1] switch
            {
                (byte)'n' => (byte)'\n',
                (byte)'t' => (byte)'\t',
                (byte)'r' => (byte)'\r',
                (byte)'b' => (byte)'\b',
                (byte)'f' => (byte)'\f',
                var itself => itself,
            };
        }
        rest.CopyTo(to[length..]);
        length += rest.Length;
        return true;
    }

    private static bool TryUnescapeAny(ReadOnlySpan<byte> quoted, Span<byte> to, out int length)
    {
        var reader = new Utf8JsonReader(quoted);
        reader.Read();
        length = 0;
        try
        {
            length = reader.CopyString(to);
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private static void AddNumber(ReadOnlySpan<byte> number, CellColumn column, RowPlace place)
    {
        if (IsShortest(number)) column.Add(place, number, CellKind.Number);
        else column.AddText(place, NumberText.Shortest(Encoding.ASCII.GetString(number)) ?? Encoding.ASCII.GetString(number),
            CellKind.Number);
    }

    /// <summary>Whether a number is in its shortest form: without an exponent or trailing zero after the point.</summary>
    internal static bool IsShortest(ReadOnlySpan<byte> number) =>
        number[0] != '-' && number.IndexOfAnyExcept(DigitsAndPoint) < 0 && (number[^1] != '0' || !number.Contains((byte)'.'))
            && number.Length <= 20;

    private sealed class Key(string name, byte[] utf8, CellColumn? column)
    {
        public string Name => name;

        public byte[] Utf8 => utf8;

        public CellColumn? Column => column;

        /// <summary>The last row that had it, from 1.</summary>
        public int Row { get; set; }
    }
}
