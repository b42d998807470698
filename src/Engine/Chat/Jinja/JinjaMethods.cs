using System.Text;

namespace LoraDrop.Engine.Chat.Jinja;

/// <summary>The methods of Python's strings and dictionaries that templates call.</summary>
internal static class JinjaMethods
{
    /// <summary>A method, or null if there is none of that name.</summary>
    public static JinjaFunction? Of(object? value, string name) => value switch
    {
        string text => OfText(text, name),
        JinjaMap map => OfMap(map, name),
        _ => null,
    };

    private static JinjaFunction? OfText(string text, string name) => name switch
    {
        "strip" => (args, _, line) => Strip(text, args, true, true, line),
        "lstrip" => (args, _, line) => Strip(text, args, true, false, line),
        "rstrip" => (args, _, line) => Strip(text, args, false, true, line),
        "split" => (args, named, line) => Split(text, args, named, line),
        "rsplit" => (args, named, line) => SplitFromRight(text, args, named, line),
        "splitlines" => (args, named, _) => Lines(text, JinjaValue.IsTrue(args.Count > 0 ? args[0] : named.GetValueOrDefault("keepends"))),
        "startswith" => (args, _, line) => Ends(args, line).Any(end => text.StartsWith(end, StringComparison.Ordinal)),
        "endswith" => (args, _, line) => Ends(args, line).Any(end => text.EndsWith(end, StringComparison.Ordinal)),
        "replace" => (args, _, line) => JinjaFilters.Replaced(text, args, line),
        "removeprefix" => (args, _, line) => Text(args, 0, line) is var prefix && text.StartsWith(prefix, StringComparison.Ordinal)
            ? text[prefix.Length..] : text,
        "removesuffix" => (args, _, line) => Text(args, 0, line) is var suffix && text.EndsWith(suffix, StringComparison.Ordinal)
            ? text[..^suffix.Length] : text,
        "upper" => (_, _, _) => JinjaCase.Upper(text),
        "lower" => (_, _, _) => JinjaCase.Lower(text),
        "title" => (_, _, _) => JinjaCase.EachWord(text),
        "capitalize" => (_, _, _) => JinjaCase.Capital(text),
        "find" => (args, _, line) => Place(text, text.IndexOf(Text(args, 0, line), StringComparison.Ordinal)),
        "rfind" => (args, _, line) => Place(text, text.LastIndexOf(Text(args, 0, line), StringComparison.Ordinal)),
        "count" => (args, _, line) => (long)(Text(args, 0, line) is { Length: > 0 } part
            ? (text.Length - text.Replace(part, "", StringComparison.Ordinal).Length) / part.Length
            : text.Length + 1),
        "isdigit" => (_, _, _) => text.Length > 0 && text.All(char.IsDigit),
        "isspace" => (_, _, _) => text.Length > 0 && text.All(JinjaValue.IsSpace),
        "isalpha" => (_, _, _) => text.Length > 0 && text.EnumerateRunes().All(Rune.IsLetter),
        "isupper" => (_, _, _) => text.Any(char.IsUpper) && !text.Any(char.IsLower),
        "islower" => (_, _, _) => text.Any(char.IsLower) && !text.Any(char.IsUpper),
        "join" => (args, _, line) => string.Join(text, JinjaValue.Items(args.ElementAtOrDefault(0), line).Select(item => item as string ??
            throw new JinjaException($"join takes texts; {JinjaValue.NameOf(item)} is among them", line))),
        _ => null,
    };

    private static JinjaFunction? OfMap(JinjaMap map, string name) => name switch
    {
        "items" => (_, _, _) => map.Keys.Select(object? (key) => new JinjaTuple([key, map[key]])).ToList(),
        "keys" => (_, _, _) => map.Keys.Cast<object?>().ToList(),
        "values" => (_, _, _) => map.Keys.Select(key => map[key]).ToList(),
        "get" => (args, _, line) => map.TryGet(Text(args, 0, line), out var value) ? value : args.ElementAtOrDefault(1),
        _ => null,
    };

    private static string Strip(string text, IReadOnlyList<object?> args, bool left, bool right, int line)
    {
        if (args.Count == 0 || args[0] is null) return JinjaValue.Stripped(text, left, right);
        var characters = Text(args, 0, line);
        if (characters.Length == 0) return text; // .NET would strip white space
        if (left) text = text.TrimStart(characters.ToCharArray());
        return right ? text.TrimEnd(characters.ToCharArray()) : text;
    }

    private static List<object?> Split(string text, IReadOnlyList<object?> args, IReadOnlyDictionary<string, object?> named, int line)
    {
        var most = (args.Count > 1 ? args[1] : named.GetValueOrDefault("maxsplit")) is long n and >= 0 ? (int)n + 1 : int.MaxValue;
        if (args.Count == 0 || args[0] is null) return Words(text, most);
        var by = Text(args, 0, line);
        return by.Length > 0 ? [.. text.Split(by, most)] : throw new JinjaException("a text cannot be split at nothing", line);
    }

    /// <summary>At most <paramref name="most"/> parts between white space, the last of which is all the rest.</summary>
    private static List<object?> Words(string text, int most)
    {
        var words = new List<object?>();
        for (var at = 0; ;)
        {
            while (at < text.Length && JinjaValue.IsSpace(text[at])) at++;
            if (at == text.Length) return words;
            var end = at;
            while (end < text.Length && (words.Count + 1 == most || !JinjaValue.IsSpace(text[end]))) end++;
            words.Add(text[at..end]);
            at = end;
        }
    }

    private static List<object?> SplitFromRight(string text, IReadOnlyList<object?> args, IReadOnlyDictionary<string, object?> named,
        int line)
    {
        var by = args.Count > 0 && args[0] is string { Length: > 0 } mark ? mark :
            throw new JinjaException("rsplit takes the text to split at", line);
        var most = (args.Count > 1 ? args[1] : named.GetValueOrDefault("maxsplit")) is long n and >= 0 ? n : long.MaxValue;
        var parts = new List<object?>();
        for (; most > 0 && text.LastIndexOf(by, StringComparison.Ordinal) is >= 0 and var at; most--)
        {
            parts.Insert(0, text[(at + by.Length)..]);
            text = text[..at];
        }
        parts.Insert(0, text);
        return parts;
    }

    /// <summary>The lines, ended by any of Python's line boundaries; text after the last boundary is a line only if not empty.</summary>
    private static List<object?> Lines(string text, bool keepEnds)
    {
        var lines = new List<object?>();
        for (var start = 0; start < text.Length;)
        {
            var end = start;
            while (end < text.Length && text[end] is not ('\n' or '\r' or '\v' or '\f' or '\u001c' or '\u001d' or '\u001e' or '\u0085'
                or '\u2028' or '\u2029')) end++;
            var next = end == text.Length ? end : text[end] == '\r' && end + 1 < text.Length && text[end + 1] == '\n' ? end + 2 : end + 1;
            lines.Add(text[start..(keepEnds ? next : end)]);
            start = next;
        }
        return lines;
    }

    /// <summary>An index in code points, as in Python; -1 stays.</summary>
    private static long Place(string text, int units) => units < 0 ? -1 : text.AsSpan(0, units).EnumerateRunes().ToCount();

    private static long ToCount(this SpanRuneEnumerator runes)
    {
        var count = 0L;
        foreach (var _ in runes) count++;
        return count;
    }

    private static IEnumerable<string> Ends(IReadOnlyList<object?> args, int line) =>
        args.ElementAtOrDefault(0) is List<object?> several ? several.OfType<string>() : [Text(args, 0, line)];

    private static string Text(IReadOnlyList<object?> args, int i, int line) => args.ElementAtOrDefault(i) as string
        ?? throw new JinjaException($"a text is wanted here; {JinjaValue.NameOf(args.ElementAtOrDefault(i))} was given", line);
}
