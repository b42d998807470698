using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace LoraDrop.Engine.Tokenizers;

/// <summary>Translates the regular expressions of tokenizer.json from Oniguruma's syntax to .NET's.</summary>
/// <remarks>
/// <para>Most syntax is shared. Rewritten are possessive quantifiers (<c>++</c>; but <c>{1,3}+</c> is not one there, it repeats the
/// repetition), nested sets and <c>&amp;&amp;[^…]</c>, <c>^</c> and <c>$</c> for lines, and the word characters of <c>\w</c> and
/// <c>\b</c>.</para>
/// <para>Anything that .NET lacks or interprets differently is refused.</para>
/// </remarks>
internal sealed class OnigurumaPattern
{
    private static readonly Dictionary<string, string> Categories = new(StringComparer.OrdinalIgnoreCase)
    {
        ["letter"] = "L", ["uppercaseletter"] = "Lu", ["lowercaseletter"] = "Ll", ["titlecaseletter"] = "Lt", ["modifierletter"] = "Lm",
        ["otherletter"] = "Lo",
        ["mark"] = "M", ["nonspacingmark"] = "Mn", ["spacingmark"] = "Mc", ["enclosingmark"] = "Me",
        ["number"] = "N", ["decimalnumber"] = "Nd", ["digit"] = "Nd", ["letternumber"] = "Nl", ["othernumber"] = "No",
        ["punctuation"] = "P", ["connectorpunctuation"] = "Pc", ["dashpunctuation"] = "Pd", ["openpunctuation"] = "Ps",
        ["closepunctuation"] = "Pe",
        ["initialpunctuation"] = "Pi", ["finalpunctuation"] = "Pf", ["otherpunctuation"] = "Po",
        ["symbol"] = "S", ["mathsymbol"] = "Sm", ["currencysymbol"] = "Sc", ["modifiersymbol"] = "Sk", ["othersymbol"] = "So",
        ["separator"] = "Z", ["spaceseparator"] = "Zs", ["lineseparator"] = "Zl", ["paragraphseparator"] = "Zp",
        ["other"] = "C", ["control"] = "Cc", ["format"] = "Cf", ["privateuse"] = "Co",
    };

    private static readonly HashSet<string> ShortCategories = new([.. Categories.Values, "Cn", "Cs"], StringComparer.OrdinalIgnoreCase);

    private const string Word = $"[{WordCharacters.Alone}]";

    private readonly string _pattern;
    private readonly StringBuilder _written = new();
    private readonly Stack<int> _groups = new();
    private int _at;
    private int _atom = -1; // start of the last atom in the output, which a quantifier would repeat

    private OnigurumaPattern(string pattern) => _pattern = pattern;

    /// <exception cref="InvalidDataException">The pattern is invalid, or uses something .NET lacks; the message says which.</exception>
    public static Regex Compile(string pattern)
    {
        try
        {
            var translated = new OnigurumaPattern(pattern).Translate();
            return new Regex(translated, RegexOptions.Compiled | RegexOptions.CultureInvariant | RegexOptions.Multiline);
        }
        catch (RegexParseException fault)
        {
            throw new InvalidDataException($"is not a regular expression that .NET understands: {fault.Message}", fault);
        }
    }

    private string Translate()
    {
        while (_at < _pattern.Length)
        {
            var letter = _pattern[_at];
            if (letter is '*' or '+' or '?' || (letter == '{' && Interval() is not null)) Quantifier();
            else if (letter == '(') Group();
            else if (letter == ')') EndGroup();
            else if (letter == '|') Write(_pattern[_at++].ToString(), isAtom: false);
            else if (letter == '[') Write(Set(), isAtom: true);
            else if (letter == '\\') Write(Escape(inSet: false), isAtom: true);
            else if (letter == '^') Write(Take(1, @"(?:\A|(?<=\n)(?!\z))"), isAtom: true);
            else Write(Literal(), isAtom: true);
        }
        return _written.ToString();
    }

    private void Write(string text, bool isAtom)
    {
        _atom = isAtom ? _written.Length : -1;
        _written.Append(text);
    }

    private string Take(int count, string instead)
    {
        _at += count;
        return instead;
    }

    private string Literal()
    {
        var letter = _pattern[_at++];
        if (char.IsSurrogate(letter))
            throw Unsupported(_at < _pattern.Length ? $"{letter}{_pattern[_at]}, a character beyond U+FFFF," : "half a character");
        return letter == '{' ? @"\{" : letter.ToString();
    }

    /// <summary>The interval that begins here, or null if the brace is a literal.</summary>
    private (string Written, int Length)? Interval()
    {
        var end = _pattern.IndexOf('}', _at);
        if (end < 0) return null;
        var bounds = _pattern[(_at + 1)..end].Split(',');
        if (bounds.Length > 2 || bounds.Any(bound => !bound.All(char.IsAsciiDigit)) || bounds.All(bound => bound.Length == 0)) return null;
        var from = bounds[0].Length == 0 ? "0" : bounds[0];
        return (bounds.Length == 1 ? $"{{{from}}}" : $"{{{from},{bounds[1]}}}", end + 1 - _at);
    }

    private void Quantifier()
    {
        if (_atom < 0) throw new InvalidDataException($"repeats nothing at character {_at + 1}");
        var isInterval = _pattern[_at] == '{';
        var (written, length) = isInterval ? Interval()!.Value : (_pattern[_at].ToString(), 1);
        _at += length;
        var next = _at < _pattern.Length ? _pattern[_at] : '\0';
        if (isInterval && next == '?' && !written.Contains(',')) throw Unsupported("'{n}?'");
        _written.Append(written);
        if (next == '?') _written.Append(Take(1, "?"));
        else if (next == '+') Wrap(isInterval ? "(?:" : "(?>", Take(1, isInterval ? ")+" : ")"));
        else if (next == '*' || (next == '{' && Interval() is not null)) Wrap("(?:", ")");

        void Wrap(string open, string close)
        {
            _written.Insert(_atom, open);
            _written.Append(close);
        }
    }

    private void Group()
    {
        _groups.Push(_written.Length);
        if (_at + 1 < _pattern.Length && _pattern[_at + 1] == '?')
        {
            var kind = Regex.Match(_pattern[_at..], @"^\(\?(?::|=|!|>|<=|<!|<[A-Za-z_]\w*>)");
            var options = Regex.Match(_pattern[_at..], @"^\(\?([im]*(?:-[im]+)?)([:)])");
            if (kind.Success) Write(Take(kind.Length, kind.Value), isAtom: false);
            else if (options.Success)
            {
                // Oniguruma's m is .NET's s: a dot matches line ends
                Write(Take(options.Length, options.Value.Replace('m', 's')), isAtom: false);
                if (options.Groups[2].Value == ")") _groups.Pop();
            }
            else throw Unsupported($"'{_pattern[_at..Math.Min(_at + 4, _pattern.Length)]}'");
            return;
        }
        if (_at + 1 < _pattern.Length && _pattern[_at + 1] == '*') throw Unsupported("'(*'");
        Write(Take(1, "("), isAtom: false);
    }

    private void EndGroup()
    {
        _written.Append(Take(1, ")"));
        _atom = _groups.Count > 0 ? _groups.Pop() : -1;
    }

    /// <summary>An escape sequence; inside a set, only those allowed there.</summary>
    private string Escape(bool inSet)
    {
        if (_at + 1 == _pattern.Length) throw new InvalidDataException("ends with a backslash");
        var letter = _pattern[_at + 1];
        switch (letter)
        {
            case 'p' or 'P': return Property();
            case 'w': return Take(2, inSet ? WordCharacters.InSet : Word);
            case 'W' when !inSet: return Take(2, $"[^{WordCharacters.Alone}]");
            case 'h': return Take(2, inSet ? "0-9A-Fa-f" : "[0-9A-Fa-f]");
            case 'H' when !inSet: return Take(2, "[^0-9A-Fa-f]");
            case 'b' when !inSet: return Take(2, $"(?:(?<={Word})(?!{Word})|(?<!{Word})(?={Word}))");
            case 'B' when !inSet: return Take(2, $"(?:(?<={Word})(?={Word})|(?<!{Word})(?!{Word}))");
            case 'R' when !inSet: return Take(2, @"(?>\r\n|[\n-\r\u0085\u2028\u2029])");
            case 'A' or 'z' or 'Z' when !inSet: return Take(2, $@"\{letter}");
            case >= '1' and <= '9' when !inSet: return Take(2, $@"\{letter}");
            case 'd' or 'D' or 's' or 'S' or 'n' or 'r' or 't' or 'f' or 'v' or 'a' or 'e': return Take(2, $@"\{letter}");
            case 'u' when Hex(_at + 2, 4) is { } unit && !char.IsSurrogate((char)unit): return Take(6, Code(unit));
            case 'x' when HexInBraces() is { } code: return Take(_pattern.IndexOf('}', _at) + 1 - _at, Code(code));
            case 'x' when Hex(_at + 2, 2) is { } code and < 0x80: return Take(4, Code(code));
            case < '\x80' when !char.IsAsciiLetterOrDigit(letter): return Take(2, $@"\{letter}");
            case >= '\x80' when !char.IsSurrogate(letter): return Take(2, letter.ToString());
            default: throw Unsupported($@"'\{letter}'{(inSet ? " within a set" : "")}");
        }
    }

    private int? Hex(int start, int digits) => digits > 0 && start + digits <= _pattern.Length
        && int.TryParse(_pattern.AsSpan(start, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code)
        ? code : null;

    /// <summary>The code point of <c>\x{…}</c>, if it fits one unit.</summary>
    private int? HexInBraces() => _pattern.AsSpan(_at).StartsWith(@"\x{") && _pattern.IndexOf('}', _at) is > 0 and var end
        && Hex(_at + 3, end - _at - 3) is { } code and < 0xD800 ? code : null;

    private static string Code(int code) => $@"\u{code:X4}";

    private string Property()
    {
        var end = _pattern.IndexOf('}', _at);
        if (_at + 2 >= _pattern.Length || _pattern[_at + 2] != '{' || end < 0) throw Unsupported(@"'\p' without a name in braces");
        var name = _pattern[(_at + 3)..end];
        var negated = name.StartsWith('^') != (_pattern[_at + 1] == 'P');
        var plain = name.TrimStart('^').Replace("_", "").Replace(" ", "").Replace("-", "");
        if (!Categories.TryGetValue(plain, out var category) && ShortCategories.TryGetValue(plain, out var known)) category = known;
        if (category is null) throw Unsupported($@"'\p{{{name}}}'");
        return Take(end + 1 - _at, $@"\{(negated ? 'P' : 'p')}{{{category}}}");
    }

    private string Set()
    {
        var (negated, members) = Members();
        return $"[{(negated ? "^" : "")}{members}]";
    }

    /// <summary>The contents of a set, including nested sets.</summary>
    private (bool Negated, string Members) Members()
    {
        var start = _at++;
        var negated = _at < _pattern.Length && _pattern[_at] == '^';
        if (negated) _at++;
        var members = new StringBuilder();
        if (_at < _pattern.Length && _pattern[_at] == ']') members.Append(Take(1, @"\]"));
        while (true)
        {
            if (_at >= _pattern.Length) throw new InvalidDataException($"has a set that does not end, at character {start + 1}");
            var letter = _pattern[_at];
            if (letter == ']') break;
            if (letter == '\\') members.Append(Escape(inSet: true));
            else if (letter == '&' && _pattern.AsSpan(_at).StartsWith("&&")) return (false, Without(members.ToString(), negated));
            else if (letter == '[') members.Append(SetInSet());
            else if (letter == '-' && _at + 1 < _pattern.Length && _pattern[_at + 1] == '[') members.Append(Take(1, @"\-"));
            else members.Append(letter == '{' ? Take(1, "{") : Literal());
        }
        _at++;
        return (negated, members.ToString());
    }

    private string SetInSet()
    {
        if (_pattern.AsSpan(_at).StartsWith("[:space:]")) return Take("[:space:]".Length, @"\s");
        if (_pattern.AsSpan(_at).StartsWith("[:digit:]")) return Take("[:digit:]".Length, @"\d");
        if (_pattern.AsSpan(_at).StartsWith("[:")) throw Unsupported($"'{_pattern[_at..Math.Min(_at + 10, _pattern.Length)]}'");
        var (negated, members) = Members();
        return negated || members.Contains("-[") ? throw Unsupported("a set without something within a set") : members;
    }

    /// <summary><c>&amp;&amp;[^…]</c> at the end of a set, <c>-[…]</c> in .NET.</summary>
    private string Without(string members, bool negated)
    {
        _at += 2;
        if (negated || _at >= _pattern.Length || _pattern[_at] != '[') throw Unsupported("'&&' before anything but '[^…]'");
        var (isOthers, others) = Members();
        if (!isOthers || _at >= _pattern.Length || _pattern[_at] != ']') throw Unsupported("'&&' before anything but '[^…]'");
        _at++;
        return $"{members}-[{others}]";
    }

    private static InvalidDataException Unsupported(string what) => new($"has {what}, which is not supported");
}
