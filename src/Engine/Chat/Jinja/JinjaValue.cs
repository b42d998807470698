using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace LoraDrop.Engine.Chat.Jinja;

/// <summary>An undefined name or a missing field. It prints as nothing and is false; any other use is an error.</summary>
internal sealed record JinjaUndefined(string Name);

/// <summary>A dictionary in insertion order. Only those created by <c>namespace()</c> can be changed.</summary>
internal sealed class JinjaMap
{
    private readonly List<string> _order = [];
    private readonly Dictionary<string, object?> _values = [];

    public bool IsNamespace { get; init; }

    public IReadOnlyList<string> Keys => _order;

    public int Count => _order.Count;

    public bool TryGet(string key, out object? value) => _values.TryGetValue(key, out value);

    public object? this[string key]
    {
        get => _values[key];
        set
        {
            if (!_values.ContainsKey(key)) _order.Add(key);
            _values[key] = value;
        }
    }
}

/// <summary>An immutable list. It prints with parentheses, and never equals a list.</summary>
internal sealed class JinjaTuple(IEnumerable<object?> items) : List<object?>(items);

/// <summary>A callable value.</summary>
internal delegate object? JinjaFunction(IReadOnlyList<object?> args, IReadOnlyDictionary<string, object?> named, int line);

/// <summary>Python's values: null is None; bool, long, double, string; <see cref="List{T}"/>; <see cref="JinjaMap"/>;
/// <see cref="JinjaUndefined"/>; <see cref="JinjaFunction"/>.</summary>
internal static class JinjaValue
{
    /// <summary>Converts JSON to values.</summary>
    public static object? From(JsonNode? json) => json switch
    {
        null => null,
        JsonObject map => Map(map.Select(field => (field.Key, From(field.Value)))),
        JsonArray list => list.Select(From).ToList(),
        JsonValue value when value.TryGetValue<string>(out var text) => text,
        JsonValue value when value.TryGetValue<bool>(out var flag) => flag,
        JsonValue value when value.TryGetValue<long>(out var whole) => whole,
        JsonValue value => value.GetValue<double>(),
        _ => throw new ArgumentException("not JSON", nameof(json)),
    };

    public static JinjaMap Map(IEnumerable<(string Key, object? Value)> fields)
    {
        var map = new JinjaMap();
        foreach (var (key, value) in fields) map[key] = value;
        return map;
    }

    public static bool IsTrue(object? value) => value switch
    {
        null or JinjaUndefined => false,
        bool flag => flag,
        long number => number != 0,
        double number => number != 0,
        string text => text.Length > 0,
        List<object?> list => list.Count > 0,
        JinjaMap { IsNamespace: false } map => map.Count > 0,
        _ => true,
    };

    public static bool AreEqual(object? a, object? b) => (a, b) switch
    {
        (null, null) => true,
        (null, _) or (_, null) => false,
        (JinjaUndefined, JinjaUndefined) => true,
        (List<object?> x, List<object?> y) => x is JinjaTuple == y is JinjaTuple && x.Count == y.Count && x.Zip(y)
            .All(pair => AreEqual(pair.First, pair.Second)),
        (JinjaMap { IsNamespace: false } x, JinjaMap { IsNamespace: false } y) =>
            x.Count == y.Count && x.Keys.All(key => y.TryGet(key, out var other) && AreEqual(x[key], other)),
        _ when NumberOf(a) is { } x && NumberOf(b) is { } y => x == y,
        _ => a.Equals(b),
    };

    /// <summary>A number (in Python a bool is one), or null.</summary>
    public static double? NumberOf(object? value) => value switch
    {
        bool flag => flag ? 1 : 0,
        long number => number,
        double number => number,
        _ => null,
    };

    public static int Compare(object? a, object? b, int line) => (a, b) switch
    {
        (string x, string y) => string.CompareOrdinal(x, y),
        (List<object?> x, List<object?> y) => x.Zip(y).Select(pair => Compare(pair.First, pair.Second, line))
            .FirstOrDefault(order => order != 0) is not 0 and var order ? order : x.Count.CompareTo(y.Count),
        _ when NumberOf(a) is { } x && NumberOf(b) is { } y => x.CompareTo(y),
        _ => throw new JinjaException($"{NameOf(a)} and {NameOf(b)} cannot be compared", line),
    };

    /// <summary>The items of an iterable value.</summary>
    public static IEnumerable<object?> Items(object? value, int line) => value switch
    {
        List<object?> list => list,
        JinjaMap { IsNamespace: false } map => map.Keys,
        string text => Characters(text),
        JinjaUndefined => [],
        _ => throw new JinjaException($"{NameOf(value)} cannot be gone through", line),
    };

    public static IEnumerable<string> Characters(string text) => text.EnumerateRunes().Select(rune => rune.ToString());

    public static bool Contains(object? container, object? item, int line) => container switch
    {
        string text => item is string part
            ? text.Contains(part, StringComparison.Ordinal)
            : throw new JinjaException($"{NameOf(item)} cannot be in a text", line),
        JinjaMap map => item is string key && map.TryGet(key, out _),
        _ => Items(container, line).Any(other => AreEqual(other, item)),
    };

    /// <summary>As printed by <c>str()</c>.</summary>
    public static string Text(object? value) => value switch
    {
        null => "None",
        JinjaUndefined => "",
        string text => text,
        _ => Shown(value),
    };

    /// <summary>As printed by <c>repr()</c>.</summary>
    private static string Shown(object? value) => value switch
    {
        null => "None",
        JinjaUndefined => "Undefined",
        bool flag => flag ? "True" : "False",
        long number => number.ToString(CultureInfo.InvariantCulture),
        double number => Float(number),
        string text => Quoted(text),
        JinjaTuple tuple => tuple is [var only] ? $"({Shown(only)},)" : $"({string.Join(", ", tuple.Select(Shown))})",
        List<object?> list => $"[{string.Join(", ", list.Select(Shown))}]",
        JinjaMap map => $"{{{string.Join(", ", map.Keys.Select(key => $"{Quoted(key)}: {Shown(map[key])}"))}}}",
        _ => "<function>",
    };

    private static string Quoted(string text)
    {
        var quote = text.Contains('\'') && !text.Contains('"') ? '"' : '\'';
        var quoted = new StringBuilder().Append(quote);
        foreach (var rune in text.EnumerateRunes())
            quoted.Append(rune.Value switch { '\n' => "\\n", '\t' => "\\t", '\r' => "\\r", '\\' => "\\\\", _ when rune.Value == quote =>
                $"\\{rune}", ' ' => " ", _ when IsPrintable(rune) => rune.ToString(),
                < 0x100 => $"\\x{rune.Value:x2}", < 0x10000 => $"\\u{rune.Value:x4}", _ => $"\\U{rune.Value:x8}" });
        return quoted.Append(quote).ToString();
    }

    private static bool IsPrintable(Rune rune) => Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.Control or UnicodeCategory.Format
        or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse
        or UnicodeCategory.OtherNotAssigned or UnicodeCategory.SpaceSeparator or UnicodeCategory.LineSeparator
            or UnicodeCategory.ParagraphSeparator);

    /// <summary>White space as in Python's <c>str.strip</c>: .NET's, plus ASCII's four separators.</summary>
    public static bool IsSpace(char c) => char.IsWhiteSpace(c) || c is >= '\u001c' and <= '\u001f';

    /// <summary>Strips white space at the ends.</summary>
    public static string Stripped(string text, bool left = true, bool right = true)
    {
        var (start, end) = (0, text.Length);
        while (left && start < end && IsSpace(text[start])) start++;
        while (right && end > start && IsSpace(text[end - 1])) end--;
        return text[start..end];
    }

    internal static string Float(double number)
    {
        if (double.IsNaN(number)) return "NaN";
        if (double.IsInfinity(number)) return number > 0 ? "Infinity" : "-Infinity";
        var text = number.ToString("R", CultureInfo.InvariantCulture);
        if (Math.Abs(number) >= 1e16 && !text.Contains('E')) // Python's exponents begin at 16, .NET's at 17
        {
            var digits = text.TrimStart('-').TrimEnd('0');
            return $"{(number < 0 ? "-" : "")}{digits[..1]}{(digits.Length > 1 ? "." : "")}{digits[1..]}e+16";
        }
        return text.Contains('E') ? text.Replace("E", "e") : text.Contains('.') ? text : $"{text}.0";
    }

    public static string NameOf(object? value) => value switch
    {
        null => "none",
        JinjaUndefined undefined => $"'{undefined.Name}', which is undefined,",
        bool => "true or false",
        long or double => "a number",
        string => "a text",
        List<object?> => "a list",
        JinjaMap => "a dictionary",
        _ => "a function",
    };
}
