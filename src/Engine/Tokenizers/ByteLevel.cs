using System.Text;
using System.Text.RegularExpressions;

namespace LoraDrop.Engine.Tokenizers;

/// <summary>GPT-2's byte-level encoding: each byte of a text's UTF-8 form is written as one of 256 visible letters.</summary>
/// <remarks>Bytes that are visible in Latin-1 map to themselves; the others, in order, to U+0100 and up (a blank is Ġ).</remarks>
internal static partial class ByteLevel
{
    private static readonly char[] LetterOf = Letters();
    private static readonly Dictionary<char, byte> ByteOf =
        LetterOf.Index().ToDictionary(letter => letter.Item, letter => (byte)letter.Index);
    private static readonly CodePointRegex WordPattern = new(Gpt2Words());

    /// <summary>The 256 letters, by code point.</summary>
    public static IEnumerable<string> Alphabet => LetterOf.Order().Select(letter => letter.ToString());

    /// <summary>GPT-2's words: a blank belongs to the word after it, and letters, digits and the rest are separated.</summary>
    public static List<string> Words(string text) => WordPattern.Split(text);

    /// <summary>The letters of a text's UTF-8 bytes.</summary>
    public static string ToLetters(string text) =>
        string.Create(Encoding.UTF8.GetByteCount(text), text, (letters, source) =>
        {
            Span<byte> bytes = letters.Length <= 256 ? stackalloc byte[letters.Length] : new byte[letters.Length];
            Encoding.UTF8.GetBytes(source, bytes);
            for (var i = 0; i < bytes.Length; i++) letters[i] = LetterOf[bytes[i]];
        });

    /// <summary>The letters of bytes.</summary>
    public static string ToLetters(ReadOnlySpan<byte> bytes)
    {
        var letters = new char[bytes.Length];
        for (var i = 0; i < bytes.Length; i++) letters[i] = LetterOf[bytes[i]];
        return new(letters);
    }

    /// <summary>The text of tokens; a token with letters beyond the 256 is kept, bytes that are not UTF-8 become U+FFFD.</summary>
    public static string FromLetters(IEnumerable<string> tokens)
    {
        var bytes = new List<byte>();
        foreach (var token in tokens)
        {
            if (token.All(ByteOf.ContainsKey)) bytes.AddRange(token.Select(letter => ByteOf[letter]));
            else bytes.AddRange(Encoding.UTF8.GetBytes(token));
        }
        return Encoding.UTF8.GetString([.. bytes]);
    }

    private static char[] Letters()
    {
        var next = '\u0100';
        return [.. Enumerable.Range(0, 256).Select(value => IsVisible(value) ? (char)value : next++)];
    }

    private static bool IsVisible(int value) => value is >= '!' and <= '~' or >= '¡' and <= '¬' or >= '®' and <= 'ÿ';

    [GeneratedRegex(@"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+", RegexOptions.CultureInvariant)]
    private static partial Regex Gpt2Words();
}
