namespace LoraDrop.Engine;

/// <summary>The methods of Python's texts and dictionaries that templates call.</summary>
internal static class JinjaMethods
{
    /// <summary>A method, or null where there is none of that name.</summary>
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
        "splitlines" => (_, _, _) => text.TrimEnd('\n').Split('\n').Cast<object?>().ToList(),
        "startswith" => (args, _, line) => Ends(args, line).Any(end => text.StartsWith(end, StringComparison.Ordinal)),
        "endswith" => (args, _, line) => Ends(args, line).Any(end => text.EndsWith(end, StringComparison.Ordinal)),
        "replace" => (args, _, line) => JinjaFilters.Replaced(text, args, line),
        "upper" => (_, _, _) => text.ToUpperInvariant(),
        "lower" => (_, _, _) => text.ToLowerInvariant(),
        "title" => (_, _, _) => JinjaFilters.Title(text),
        "capitalize" => (_, _, _) => JinjaFilters.Capital(text),
        "find" => (args, _, line) => (long)text.IndexOf(Text(args, 0, line), StringComparison.Ordinal),
        "count" => (args, _, line) => (long)(Text(args, 0, line) is { Length: > 0 } part ? (text.Length - text.Replace(part, "", StringComparison.Ordinal).Length) / part.Length : text.Length + 1),
        "isdigit" => (_, _, _) => text.Length > 0 && text.All(char.IsDigit),
        "isspace" => (_, _, _) => text.Length > 0 && text.All(char.IsWhiteSpace),
        "join" => (args, _, line) => string.Join(text, JinjaValue.Items(args.ElementAtOrDefault(0), line).Select(JinjaValue.Text)),
        _ => null,
    };

    private static JinjaFunction? OfMap(JinjaMap map, string name) => name switch
    {
        "items" => (_, _, _) => map.Keys.Select(object? (key) => new List<object?> { key, map[key] }).ToList(),
        "keys" => (_, _, _) => map.Keys.Cast<object?>().ToList(),
        "values" => (_, _, _) => map.Keys.Select(key => map[key]).ToList(),
        "get" => (args, _, line) => map.TryGet(Text(args, 0, line), out var value) ? value : args.ElementAtOrDefault(1),
        _ => null,
    };

    private static string Strip(string text, IReadOnlyList<object?> args, bool left, bool right, int line)
    {
        char[]? characters = args.Count > 0 && args[0] is not null ? Text(args, 0, line).ToCharArray() : null;
        if (left) text = text.TrimStart(characters);
        return right ? text.TrimEnd(characters) : text;
    }

    private static List<object?> Split(string text, IReadOnlyList<object?> args, IReadOnlyDictionary<string, object?> named, int line)
    {
        var most = (args.Count > 1 ? args[1] : named.GetValueOrDefault("maxsplit")) is long n and >= 0 ? (int)n + 1 : int.MaxValue;
        if (args.Count == 0 || args[0] is null) return [.. text.Split((char[]?)null, most, StringSplitOptions.RemoveEmptyEntries)];
        var by = Text(args, 0, line);
        return by.Length > 0 ? [.. text.Split(by, most)] : throw new JinjaException("a text cannot be split at nothing", line);
    }

    private static IEnumerable<string> Ends(IReadOnlyList<object?> args, int line) =>
        args.ElementAtOrDefault(0) is List<object?> several ? several.OfType<string>() : [Text(args, 0, line)];

    private static string Text(IReadOnlyList<object?> args, int i, int line) => args.ElementAtOrDefault(i) as string ?? throw new JinjaException($"a text is wanted here; {JinjaValue.NameOf(args.ElementAtOrDefault(i))} was given", line);
}
