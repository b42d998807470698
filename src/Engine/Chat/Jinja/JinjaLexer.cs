using System.Globalization;
using System.Text;

namespace LoraDrop.Engine.Chat.Jinja;

/// <summary>The kind of a template token.</summary>
internal enum JinjaKind { Text, BeginValue, EndValue, BeginBlock, EndBlock, Name, Number, String, Mark, End }

/// <summary>A token of a template.</summary>
/// <param name="Kind">Its kind.</param>
/// <param name="Text">Name, symbol or text; for a number its digits.</param>
/// <param name="Line">Line, from 1.</param>
internal readonly record struct JinjaToken(JinjaKind Kind, string Text, int Line);

/// <summary>Splits a template into tokens, and strips white space around blocks as <c>trim_blocks</c> and <c>lstrip_blocks</c> do, which
/// transformers sets.</summary>
internal sealed class JinjaLexer
{
    private static readonly string[] Marks = ["**", "//", "==", "!=", "<=", ">=", "(", ")", "[", "]", "{", "}", ".", ",", ":", "|", "+",
        "-", "*", "/", "%", "~", "<", ">", "="];

    private readonly string _source;
    private readonly List<JinjaToken> _tokens = [];
    private int _at, _line = 1;

    private JinjaLexer(string source) => _source = source;

    public static IReadOnlyList<JinjaToken> Cut(string template)
    {
        template = template.Replace("\r\n", "\n").Replace('\r', '\n');
        var lexer = new JinjaLexer(template.EndsWith('\n') ? template[..^1] : template); // a final line break is not part of a template
        lexer.Run();
        return lexer._tokens;
    }

    private void Run()
    {
        var stripNext = false; // the previous tag ended with -
        var trimNext = false;  // it was a block or a comment
        while (_at < _source.Length)
        {
            var open = NextOpening();
            var text = _source[_at..open];
            var raw = text;
            if (stripNext) text = text.TrimStart();
            else if (trimNext && text.StartsWith('\n')) text = text[1..];
            if (open == _source.Length)
            {
                AddText(text, raw);
                _at = open;
                break;
            }
            var (kind, control) = (_source[open + 1], open + 2 < _source.Length ? _source[open + 2] : ' ');
            if (control == '-') text = text.TrimEnd();
            else if (kind != '{' && control != '+') text = WithoutIndent(text, open);
            AddText(text, raw);
            _at = open + 2 + (control is '-' or '+' ? 1 : 0);
            (stripNext, trimNext) = kind switch
            {
                '#' => (Comment(), true),
                '%' => (Block(), true),
                _ => (Value(), false),
            };
        }
        _tokens.Add(new(JinjaKind.End, "", _line));
    }

    private int NextOpening()
    {
        for (var i = _at; i + 1 < _source.Length; i++)
            if (_source[i] == '{' && _source[i + 1] is ('{' or '%' or '#')) return i;
        return _source.Length;
    }

    /// <summary>White space between the beginning of a line and a block.</summary>
    private string WithoutIndent(string text, int open)
    {
        var lineStart = _source.LastIndexOf('\n', Math.Max(0, open - 1)) + 1;
        if (open == 0) lineStart = 0;
        var indent = open - lineStart;
        if (indent == 0 || !_source.AsSpan(lineStart, indent).Trim().IsEmpty) return text;
        return text.Length >= indent ? text[..^indent] : text.TrimEnd(' ', '\t');
    }

    private void AddText(string text, string raw)
    {
        if (text.Length > 0) _tokens.Add(new(JinjaKind.Text, text, _line));
        _line += raw.Count(c => c == '\n');
    }

    /// <returns>Whether it ends with -.</returns>
    private bool Comment()
    {
        var end = _source.IndexOf("#}", _at, StringComparison.Ordinal);
        if (end < 0) throw new JinjaException("a comment is never closed", _line);
        var strip = end > _at && _source[end - 1] == '-';
        _line += _source.AsSpan(_at, end - _at).Count('\n');
        _at = end + 2;
        return strip;
    }

    private bool Block()
    {
        var from = _tokens.Count;
        _tokens.Add(new(JinjaKind.BeginBlock, "", _line));
        var strip = Inside("%}");
        _tokens.Add(new(JinjaKind.EndBlock, "", _line));
        if (_tokens.Count != from + 3 || _tokens[from + 1].Text != "raw") return strip;
        _tokens.RemoveRange(from, 3);
        return Raw(strip);
    }

    private bool Raw(bool stripped)
    {
        foreach (var (open, endings) in new[] { ("{%-", true), ("{%", false) })
        {
            var at = _source.IndexOf(open, _at, StringComparison.Ordinal);
            while (at >= 0 && !_source.AsSpan(at + open.Length).TrimStart().StartsWith("endraw"))
                at = _source.IndexOf(open, at + 1, StringComparison.Ordinal);
            if (at < 0) continue;
            var text = _source[_at..at];
            if (stripped) text = text.TrimStart();
            else if (text.StartsWith('\n')) text = text[1..];
            AddText(endings ? text.TrimEnd() : text, _source[_at..at]);
            _at = at + open.Length;
            return Inside("%}", keep: false);
        }
        throw new JinjaException("{% raw %} is never closed", _line);
    }

    private bool Value()
    {
        _tokens.Add(new(JinjaKind.BeginValue, "", _line));
        var strip = Inside("}}");
        _tokens.Add(new(JinjaKind.EndValue, "", _line));
        return strip;
    }

    /// <summary>The tokens of an expression, up to its end.</summary>
    private bool Inside(string close, bool keep = true)
    {
        var depth = 0; // of braces, whose end does not end the tag
        while (_at < _source.Length)
        {
            var c = _source[_at];
            if (c == '\n') _line++;
            if (char.IsWhiteSpace(c))
            {
                _at++;
                continue;
            }
            if (depth == 0 && At("-" + close))
            {
                _at += 3;
                return true;
            }
            if (depth == 0 && At(close))
            {
                _at += 2;
                return false;
            }
            var token = c is '"' or '\'' ? Quoted(c) : char.IsAsciiDigit(c) ? Number() : char.IsLetter(c) || c == '_' ? Name() : Mark();
            depth += token.Text switch { "{" when token.Kind == JinjaKind.Mark => 1, "}" when token.Kind == JinjaKind.Mark => -1, _ => 0 };
            if (keep) _tokens.Add(token);
        }
        throw new JinjaException($"a tag is never closed: {close} is missing", _line);
    }

    private bool At(string text) => string.CompareOrdinal(_source, _at, text, 0, text.Length) == 0;

    private JinjaToken Mark()
    {
        var mark = Marks.FirstOrDefault(At) ?? throw new JinjaException($"'{_source[_at]}' means nothing here", _line);
        _at += mark.Length;
        return new(JinjaKind.Mark, mark, _line);
    }

    private JinjaToken Name()
    {
        var start = _at;
        while (_at < _source.Length && (char.IsLetterOrDigit(_source[_at]) || _source[_at] == '_')) _at++;
        return new(JinjaKind.Name, _source[start.._at], _line);
    }

    private JinjaToken Number()
    {
        var start = _at;
        if (_source[_at] == '0' && _at + 1 < _source.Length && char.IsAsciiLetter(_source[_at + 1]))
            throw new JinjaException("numbers are read in tens here, not as 0x, 0o or 0b", _line);
        while (_at < _source.Length && (char.IsAsciiDigit(_source[_at]) || _source[_at] == '_')) _at++;
        if (_at + 1 < _source.Length && _source[_at] == '.' && char.IsAsciiDigit(_source[_at + 1]))
        {
            _at++;
            while (_at < _source.Length && char.IsAsciiDigit(_source[_at])) _at++;
        }
        var exponent = _at < _source.Length && _source[_at] is 'e' or 'E' ? _at + 1 : _source.Length;
        if (exponent < _source.Length && _source[exponent] is '+' or '-') exponent++;
        if (exponent < _source.Length && char.IsAsciiDigit(_source[exponent]))
            for (_at = exponent; _at < _source.Length && char.IsAsciiDigit(_source[_at]); _at++) { }
        return new(JinjaKind.Number, _source[start.._at].Replace("_", ""), _line);
    }

    private JinjaToken Quoted(char quote)
    {
        var line = _line;
        var text = new StringBuilder();
        for (_at++; _at < _source.Length; _at++)
        {
            var c = _source[_at];
            if (c == quote)
            {
                _at++;
                return new(JinjaKind.String, text.ToString(), line);
            }
            if (c == '\n') _line++;
            if (c != '\\' || _at + 1 == _source.Length) text.Append(c);
            else text.Append(Escaped(_source[++_at]));
        }
        throw new JinjaException("a text is never closed", line);
    }

    private string Escaped(char c)
    {
        switch (c)
        {
            case 'n': return "\n";
            case 't': return "\t";
            case 'r': return "\r";
            case 'a': return "\a";
            case 'b': return "\b";
            case 'f': return "\f";
            case 'v': return "\v";
            case >= '0' and <= '7':
                var octal = c - '0';
                for (var more = 0; more < 2 && _at + 1 < _source.Length && _source[_at + 1] is >= '0' and <= '7'; more++)
                    octal = octal * 8 + (_source[++_at] - '0');
                return ((char)octal).ToString();
            case '\\' or '"' or '\'': return c.ToString();
            case '\n': return "";
            case 'x' or 'u' or 'U':
                var digits = c switch { 'x' => 2, 'u' => 4, _ => 8 };
                if (_at + digits < _source.Length && int.TryParse(_source.AsSpan(_at + 1, digits), NumberStyles.AllowHexSpecifier,
                    CultureInfo.InvariantCulture, out var code))
                {
                    _at += digits;
                    return code is > 0xFFFF and <= 0x10FFFF ? char.ConvertFromUtf32(code) : ((char)code).ToString();
                }
                return $"\\{c}";
            default: return $"\\{c}";
        }
    }
}
