using System.Buffers;
using System.Text.Json;

namespace LoraDrop.Engine.Data;

/// <summary>Quickly finds the members of a JSON object written in the usual way. Anything else, above all invalid JSON, is left to
/// <see cref="Utf8JsonReader"/>, which reports what is wrong.</summary>
/// <remarks>A reader that stops at each token would take most of the time of an inspection on valid rows. This accepts nothing that
/// <see cref="Utf8JsonReader"/> refuses; the bytes are known to be UTF-8.</remarks>
internal sealed class JsonScan
{
    /// <summary>Values nested deeper are left to the reader.</summary>
    private const int MaxDepth = 32;

    /// <summary>Names remembered; an object with more is not a table row.</summary>
    private const int MostNames = 256;

    /// <summary>Characters that end a run of plain characters.</summary>
    private static readonly SearchValues<byte> Special =
        SearchValues.Create([(byte)'"', (byte)'\\', .. Enumerable.Range(0, 0x20).Select(control => (byte)control)]);

    /// <summary>Names in the last object, with their quotes, in order.</summary>
    private readonly List<byte[]> _names = [];

    private Member[] _members = new Member[16];
    private int _count;

    /// <summary>The members of the last object read, by their positions in its bytes.</summary>
    public ReadOnlySpan<Member> Members => _members.AsSpan(0, _count);

    /// <summary>Reads an object; nothing may follow it.</summary>
    /// <returns>Whether it is JSON without escapes in names or deeply nested values; otherwise <see cref="Members"/> is
    /// undefined.</returns>
    public bool TryRead(ReadOnlySpan<byte> json)
    {
        var at = 0;
        SkipBlanks(json, ref at);
        if (!TryRead(json, ref at)) return false;
        SkipBlanks(json, ref at);
        return at == json.Length;
    }

    /// <summary>Reads an object that begins at a position, and advances the position past it.</summary>
    public bool TryRead(ReadOnlySpan<byte> json, ref int at)
    {
        _count = 0;
        if (!Take(json, ref at, '{')) return false;
        SkipBlanks(json, ref at);
        if (Take(json, ref at, '}')) return true;
        while (true)
        {
            var name = at;
            if (!TryName(json, ref at)) return false;
            var nameEnd = at;
            SkipBlanks(json, ref at);
            if (!Take(json, ref at, ':')) return false;
            SkipBlanks(json, ref at);
            var value = at;
            if (!TryValue(json, ref at, 0, out var type, out var escaped)) return false;
            if (_count == _members.Length) Array.Resize(ref _members, 2 * _count);
            _members[_count++] = new(name, nameEnd, value, at, type, escaped);
            SkipBlanks(json, ref at);
            if (Take(json, ref at, '}')) return true;
            if (!Take(json, ref at, ',')) return false;
            SkipBlanks(json, ref at);
        }
    }

    public static void SkipBlanks(ReadOnlySpan<byte> json, ref int at)
    {
        while (at < json.Length && json[at] is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n') at++;
    }

    /// <summary>Consumes a character if it is next.</summary>
    public static bool Take(ReadOnlySpan<byte> json, ref int at, char wanted)
    {
        if (at >= json.Length || json[at] != wanted) return false;
        at++;
        return true;
    }

    /// <summary>Reads a name; most objects have the names of the previous one.</summary>
    private bool TryName(ReadOnlySpan<byte> json, ref int at)
    {
        if (_count < _names.Count && json[at..].StartsWith(_names[_count]))
        {
            at += _names[_count].Length;
            return true;
        }
        var start = at;
        if (!TryString(json, ref at, out var escaped) || escaped) return false;
        if (_names.Count > _count) _names.RemoveRange(_count, _names.Count - _count);
        if (_count < MostNames) _names.Add(json[start..at].ToArray());
        return true;
    }

    private static bool TryValue(ReadOnlySpan<byte> json, ref int at, int depth, out JsonTokenType type, out bool escaped)
    {
        (type, escaped) = (JsonTokenType.None, false);
        if (at >= json.Length) return false;
        switch (json[at])
        {
            case (byte)'"':
                type = JsonTokenType.String;
                return TryString(json, ref at, out escaped);
            case (byte)'{':
                type = JsonTokenType.StartObject;
                return TryNested(json, ref at, depth, '}');
            case (byte)'[':
                type = JsonTokenType.StartArray;
                return TryNested(json, ref at, depth, ']');
            case (byte)'t':
                type = JsonTokenType.True;
                return TryWord(json, ref at, "true"u8);
            case (byte)'f':
                type = JsonTokenType.False;
                return TryWord(json, ref at, "false"u8);
            case (byte)'n':
                type = JsonTokenType.Null;
                return TryWord(json, ref at, "null"u8);
            default:
                type = JsonTokenType.Number;
                return TryNumber(json, ref at);
        }
    }

    private static bool TryNested(ReadOnlySpan<byte> json, ref int at, int depth, char end)
    {
        if (depth == MaxDepth) return false;
        at++;
        SkipBlanks(json, ref at);
        if (Take(json, ref at, end)) return true;
        while (true)
        {
            if (end == '}')
            {
                if (!TryString(json, ref at, out _)) return false;
                SkipBlanks(json, ref at);
                if (!Take(json, ref at, ':')) return false;
                SkipBlanks(json, ref at);
            }
            if (!TryValue(json, ref at, depth + 1, out _, out _)) return false;
            SkipBlanks(json, ref at);
            if (Take(json, ref at, end)) return true;
            if (!Take(json, ref at, ',')) return false;
            SkipBlanks(json, ref at);
        }
    }

    private static bool TryWord(ReadOnlySpan<byte> json, ref int at, ReadOnlySpan<byte> word)
    {
        if (!json[at..].StartsWith(word)) return false;
        at += word.Length;
        return true;
    }

    private static bool TryString(ReadOnlySpan<byte> json, ref int at, out bool escaped)
    {
        escaped = false;
        if (!Take(json, ref at, '"')) return false;
        while (true)
        {
            var plain = json[at..].IndexOfAny(Special);
            if (plain < 0) return false;
            at += plain;
            if (json[at] == '"')
            {
                at++;
                return true;
            }
            if (json[at] != '\\' || at + 1 == json.Length) return false;
            escaped = true;
            if ("\"\\/bfnrt"u8.Contains(json[at + 1])) at += 2;
            else if (json[at + 1] == 'u' && json.Length - at > 6 && IsHex(json.Slice(at + 2, 4))) at += 6;
            else return false;
        }
    }

    private static bool IsHex(ReadOnlySpan<byte> digits)
    {
        foreach (var digit in digits)
            if (!char.IsAsciiHexDigit((char)digit)) return false;
        return true;
    }

    private static bool TryNumber(ReadOnlySpan<byte> json, ref int at)
    {
        Take(json, ref at, '-');
        var leading = at;
        if (!TryDigits(json, ref at) || (json[leading] == '0' && at - leading > 1)) return false;
        if (Take(json, ref at, '.') && !TryDigits(json, ref at)) return false;
        if (!Take(json, ref at, 'e') && !Take(json, ref at, 'E')) return true;
        if (!Take(json, ref at, '+')) Take(json, ref at, '-');
        return TryDigits(json, ref at);
    }

    private static bool TryDigits(ReadOnlySpan<byte> json, ref int at)
    {
        var first = at;
        while (at < json.Length && json[at] is >= (byte)'0' and <= (byte)'9') at++;
        return at > first;
    }

    /// <summary>A member, by positions in the bytes of its object; names and strings include their quotes.</summary>
    /// <param name="NameStart">Start of its name.</param>
    /// <param name="NameEnd">End of its name, exclusive.</param>
    /// <param name="ValueStart">Start of its value.</param>
    /// <param name="ValueEnd">End of its value, exclusive.</param>
    /// <param name="Type">The type of the value, by its first token.</param>
    /// <param name="Escaped">Whether the value is a string with escapes.</param>
    internal readonly record struct Member(int NameStart, int NameEnd, int ValueStart, int ValueEnd, JsonTokenType Type, bool Escaped)
    {
        public ReadOnlySpan<byte> Name(ReadOnlySpan<byte> json) => json[(NameStart + 1)..(NameEnd - 1)];

        public ReadOnlySpan<byte> Value(ReadOnlySpan<byte> json) => json[ValueStart..ValueEnd];

        /// <summary>The text between the quotes of a string.</summary>
        public ReadOnlySpan<byte> Text(ReadOnlySpan<byte> json) => json[(ValueStart + 1)..(ValueEnd - 1)];
    }
}
