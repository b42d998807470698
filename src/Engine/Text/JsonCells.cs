using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using LoraDrop.Domain;

namespace LoraDrop.Engine;

/// <summary>Hands the cells of JSON objects to columns. The columns are the keys of all rows, as they first appear; a key that a row has not is an empty cell.</summary>
internal sealed class JsonCells(ICellSink to)
{
    /// <summary>Deeper than any data is nested, and no deeper than a stack goes.</summary>
    private const int MaxDepth = 512;

    private static readonly byte[] AList = "a list"u8.ToArray(), AnObject = "an object"u8.ToArray(), HalfAPair = "holds half of a surrogate pair"u8.ToArray();

    private static readonly SearchValues<byte> DigitsAndPoint = SearchValues.Create("0123456789."u8);

    private readonly List<Key> _keys = [];
    private readonly Dictionary<string, Key> _byName = [];
    private int _row;
    private byte[] _unescaped = [];

    /// <summary>Reads an object; its last byte is the end.</summary>
    /// <exception cref="JsonException">It is no JSON, or names a key twice.</exception>
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

    private void AddMembers(ReadOnlySpan<byte> json, RowPlace place)
    {
        var reader = new Utf8JsonReader(json, new() { MaxDepth = MaxDepth });
        reader.Read();
        for (var next = 0; reader.Read() && reader.TokenType != JsonTokenType.EndObject; next++)
        {
            var key = KeyOf(ref reader, next, place);
            if (key.Row == _row + 1) throw new JsonException($"Duplicate property '{key.Name}' encountered", null, 0, reader.TokenStartIndex);
            reader.Read();
            AddValue(ref reader, key.Column, place);
            key.Row = _row + 1;
        }
        while (reader.Read())
        {
            // What follows the object is refused by the reader.
        }
    }

    /// <summary>Adds a cell that is not a member of the row; before <see cref="Add(JsonElement, RowPlace, IReadOnlyList{string})"/>, which ends the row.</summary>
    public void AddText(string column, string text, RowPlace place)
    {
        var key = KeyOf(column, place);
        key.Row = _row + 1;
        key.Column?.AddText(place, text, CellKind.Text);
    }

    /// <summary>Reads the members of an object but some.</summary>
    public void Add(JsonElement row, RowPlace place, IReadOnlyList<string> without)
    {
        foreach (var member in row.EnumerateObject().Where(member => !without.Contains(member.Name)))
        {
            var key = KeyOf(member.Name, place);
            if (key.Row == _row + 1) continue;   // a conversation's own columns win
            key.Row = _row + 1;
            var reader = new Utf8JsonReader(JsonMarshal.GetRawUtf8Value(member.Value), new() { MaxDepth = MaxDepth });
            reader.Read();
            AddValue(ref reader, key.Column, place);
        }
        End(place, CellKind.Untyped);
    }

    /// <summary>Adds a value to a column of the caller's own, as a member of a row would be added.</summary>
    /// <param name="column">Gets it.</param>
    /// <param name="json">The value; valid JSON.</param>
    /// <param name="place">Its row.</param>
    public void AddValue(CellColumn column, ReadOnlySpan<byte> json, RowPlace place)
    {
        var reader = new Utf8JsonReader(json, new() { MaxDepth = MaxDepth });
        reader.Read();
        AddValue(ref reader, column, place);
    }

    private void End(RowPlace place, CellKind missing)
    {
        foreach (var key in _keys)
            if (key.Row != _row + 1) key.Column?.Add(place, default, missing);
        to.Rows = ++_row;
    }

    /// <summary>The key that the reader stands on; most rows have the order of the one before.</summary>
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

    private Key KeyOf(string name, RowPlace place)
    {
        if (_byName.TryGetValue(name, out var known)) return known;
        var key = new Key(name, Encoding.UTF8.GetBytes(name), to.Begin(name));
        key.Column?.Fill(_row, row => new(row + 1, place.Line is null ? null : row + 1));   // the rows before had none
        _keys.Add(key);
        _byName.Add(name, key);
        return key;
    }

    private void AddValue(ref Utf8JsonReader reader, CellColumn? column, RowPlace place)
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
                AddText(ref reader, column, place);
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

    private void AddText(ref Utf8JsonReader reader, CellColumn column, RowPlace place)
    {
        if (!reader.ValueIsEscaped)
        {
            column.Add(place, reader.ValueSpan, CellKind.Text);
            return;
        }
        if (_unescaped.Length < reader.ValueSpan.Length)
        {
            if (_unescaped.Length > 0) ArrayPool<byte>.Shared.Return(_unescaped);
            _unescaped = ArrayPool<byte>.Shared.Rent(reader.ValueSpan.Length);
        }
        int length;
        try
        {
            length = reader.CopyString(_unescaped);
        }
        catch (InvalidOperationException)   // an escape such as \ud800 is JSON, but no character
        {
            column.Add(place, HalfAPair, CellKind.Broken);
            return;
        }
        column.Add(place, _unescaped.AsSpan(0, length), CellKind.Text);
    }

    private static void AddNumber(ReadOnlySpan<byte> number, CellColumn column, RowPlace place)
    {
        if (IsShortest(number)) column.Add(place, number, CellKind.Number);
        else column.AddText(place, NumberText.Shortest(Encoding.ASCII.GetString(number)) ?? Encoding.ASCII.GetString(number), CellKind.Number);
    }

    /// <summary>Whether a number is spelt in the shortest way: without an exponent, and without a zero at its end behind a point.</summary>
    private static bool IsShortest(ReadOnlySpan<byte> number) =>
        number[0] != '-' && number.IndexOfAnyExcept(DigitsAndPoint) < 0 && (number[^1] != '0' || !number.Contains((byte)'.')) && number.Length <= 20;

    private sealed class Key(string name, byte[] utf8, CellColumn? column)
    {
        public string Name => name;

        public byte[] Utf8 => utf8;

        public CellColumn? Column => column;

        /// <summary>The row that had it last, from 1.</summary>
        public int Row { get; set; }
    }
}
