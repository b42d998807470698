using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace LoraDrop.Engine.Tokenizers;

/// <summary>The character map that SentencePiece compiles into a model (<c>precompiled_charsmap</c>).</summary>
/// <remarks>
/// A double-array trie over bytes (Aoe 1989, as stored by Darts) with replacements. Hugging Face <c>tokenizers</c> applies it slightly
/// differently from SentencePiece, and is followed: a grapheme of fewer than 6 bytes is replaced whole by the entry for its shortest prefix
/// (so a mark after ﬁ is lost), otherwise its code points are replaced one by one.
/// </remarks>
internal sealed class PrecompiledMap
{
    private const int LongestGrapheme = 5, Ascii = 0x80;

    private readonly uint[] _units;
    private readonly byte[] _replacements;
    private readonly SearchValues<char> _unchanged;

    /// <param name="map">The trie's length in bytes (uint32), the trie, then zero-terminated replacements.</param>
    /// <exception cref="InvalidDataException">It is damaged.</exception>
    public PrecompiledMap(ReadOnlySpan<byte> map)
    {
        if (map.Length < 4) throw new InvalidDataException("it is shorter than 4 bytes");
        var length = BinaryPrimitives.ReadUInt32LittleEndian(map);
        if (length == 0 || length % 4 != 0 || length > map.Length - 4)
            throw new InvalidDataException($"its trie would have {length} bytes, and {map.Length - 4} are left");
        _units = new uint[length / 4];
        for (var i = 0; i < _units.Length; i++) _units[i] = BinaryPrimitives.ReadUInt32LittleEndian(map[(4 + i * 4)..]);
        _replacements = map[(4 + (int)length)..].ToArray();
        if (!System.Text.Unicode.Utf8.IsValid(_replacements)) throw new InvalidDataException("its replacements are not UTF-8");
        var buffer = new byte[1];
        var letters = Enumerable.Range(0, Ascii).Where(code => code != '\r' && !IsMapped((byte)code)); // \r\n is one grapheme
        _unchanged = SearchValues.Create([.. letters.Select(code => (char)code)]);

        bool IsMapped(byte code)
        {
            buffer[0] = code;
            return Find(buffer) >= 0;
        }
    }

    public string Normalize(string text)
    {
        var rest = text.AsSpan();
        if (!rest.ContainsAnyExcept(_unchanged)) return text;
        var changed = new StringBuilder(text.Length + 8);
        while (rest.Length > 0)
        {
            var plain = rest.IndexOfAnyExcept(_unchanged);
            if (plain < 0) plain = rest.Length;
            else if (plain > 0) plain--; // a mark may follow the last of them
            if (plain == 0)
            {
                var length = StringInfo.GetNextTextElementLength(rest);
                AppendGrapheme(rest[..length], changed);
                rest = rest[length..];
                continue;
            }
            changed.Append(rest[..plain]);
            rest = rest[plain..];
        }
        return changed.ToString();
    }

    private void AppendGrapheme(ReadOnlySpan<char> grapheme, StringBuilder changed)
    {
        Span<byte> bytes = stackalloc byte[LongestGrapheme];
        if (Encoding.UTF8.TryGetBytes(grapheme, bytes, out var length) && Find(bytes[..length]) is >= 0 and var whole)
        {
            changed.Append(Replacement(whole));
            return;
        }
        foreach (var rune in grapheme.EnumerateRunes())
        {
            if (Find(bytes[..rune.EncodeToUtf8(bytes)]) is >= 0 and var one) changed.Append(Replacement(one));
            else changed.Append(rune);
        }
    }

    /// <summary>The position of the replacement for the shortest matching prefix, or −1.</summary>
    private int Find(ReadOnlySpan<byte> bytes)
    {
        var node = Offset(_units[0]);
        foreach (var value in bytes)
        {
            node ^= value;
            if (value == 0 || node >= _units.Length || (_units[node] & (1u << 31 | 0xFF)) != value) return -1;
            var unit = _units[node];
            node ^= Offset(unit);
            if ((unit >> 8 & 1) == 0) continue;
            var start = node < _units.Length ? (int)(_units[node] & int.MaxValue) : -1;
            return start <= _replacements.Length ? start : -1;
        }
        return -1;
    }

    private static uint Offset(uint unit) => (unit >> 10) << (int)((unit & 1u << 9) >> 6);

    private string Replacement(int start)
    {
        var length = _replacements.AsSpan(start).IndexOf((byte)0);
        return Encoding.UTF8.GetString(_replacements, start, length < 0 ? _replacements.Length - start : length);
    }
}
