using System.Globalization;
using System.Runtime.ExceptionServices;
using System.Text;

namespace LoraDrop.Engine.Chat.Jinja;

/// <summary>The filters and tests of Jinja that chat templates use.</summary>
internal static class JinjaFilters
{
    public static object? Apply(string name, object? value, IReadOnlyList<object?> args, IReadOnlyDictionary<string, object?> named,
        int line)
    {
        RefuseUnknown(name, args, named, line);
        object? Argument(int i, string called) => i < args.Count ? args[i] : named.GetValueOrDefault(called);
        bool IsGiven(int i, string called) => i < args.Count || named.ContainsKey(called);
        object? Key(object? item, int at) => Argument(at, "attribute") is { } path ? FieldOf(item, path) : item;
        object? Folded(object? item) => item is string text && Argument(name == "sort" ? 1 : 0, "case_sensitive") is not true
            ? JinjaCase.Lower(text) : item;
        List<object?> Sorted(int at) => InOrder(Items(), item => Folded(Key(item, at)), line);
        List<object?> Items() => [.. JinjaValue.Items(value, line)];
        switch (name)
        {
            case "trim": return JinjaMethods.Of(JinjaValue.Text(value), "strip")!([Argument(0, "chars")], named, line);
            case "length" or "count":
                return value switch
                {
                    string text => JinjaValue.Characters(text).LongCount(),
                    JinjaMap map => (long)map.Count,
                    List<object?> or JinjaUndefined => (long)Items().Count,
                    _ => throw new JinjaException($"{JinjaValue.NameOf(value)} has no length", line),
                };
            case "join":
                var joined = Argument(1, "attribute") is { } field ? Items().Select(item => FieldOf(item, field)) : Items();
                return string.Join(Argument(0, "d") is { } between ? JinjaValue.Text(between) : "", joined.Select(JinjaValue.Text));
            case "tojson": return JinjaJson.Of(value, Argument(0, "ensure_ascii") is true, Argument(1, "indent"),
                Argument(2, "separators"), Argument(3, "sort_keys") is true, line);
            case "upper": return JinjaCase.Upper(JinjaValue.Text(value));
            case "lower": return JinjaCase.Lower(JinjaValue.Text(value));
            case "title": return JinjaCase.EachPart(JinjaValue.Text(value));
            case "capitalize": return JinjaCase.Capital(JinjaValue.Text(value));
            case "replace": return Replaced(JinjaValue.Text(value), args, line);
            case "first": return Items() is [var first, ..] ? first : new JinjaUndefined("first");
            case "last": return Items() is [.., var last] ? last : new JinjaUndefined("last");
            case "list": return Items();
            case "reverse": return value is string reversed
                ? string.Concat(JinjaValue.Characters(reversed).Reverse())
                : Items().AsEnumerable().Reverse().ToList();
            case "sort": return Argument(0, "reverse") is true ? InOrder(Items(), item => Folded(Key(item, 2)), line, largestFirst: true)
                : Sorted(2);
            case "unique": return Items().Aggregate(new List<object?>(), (kept, item) =>
                kept.Exists(other => JinjaValue.AreEqual(Folded(Key(other, 1)), Folded(Key(item, 1)))) ? kept : [.. kept, item]);
            case "string": return JinjaValue.Text(value);
            case "safe": return value;
            case "int": return WholeOf(value) ?? (IsGiven(0, "default") ? Argument(0, "default") : 0L);
            case "float": return (value is string number ? double.TryParse(number, CultureInfo.InvariantCulture, out var parsed) ? parsed
                : null : JinjaValue.NumberOf(value)) ?? (IsGiven(0, "default") ? Argument(0, "default") : 0.0);
            case "abs": return value is long or bool ? (object)Math.Abs(WholeOf(value)!.Value) : Math.Abs(JinjaValue.NumberOf(value) ??
                throw new JinjaException($"{JinjaValue.NameOf(value)} is no number", line));
            case "sum": return Items().Select(item => Key(item, 0)).Aggregate(Argument(1, "start") ?? (object?)0L, (sum, item) =>
                Sum(sum, item, line));
            case "min": return Sorted(1).FirstOrDefault(new JinjaUndefined("min"));
            case "max": return InOrder(Items(), item => Folded(Key(item, 1)), line, largestFirst: true)
                .FirstOrDefault(new JinjaUndefined("max"));
            case "items": return value is JinjaUndefined ? new List<object?>() : value is JinjaMap map1
                ? JinjaMethods.Of(map1, "items")!([], named, line)
                : throw new JinjaException($"{JinjaValue.NameOf(value)} has no items", line);
            case "dictsort": return value is JinjaMap map2 ? InOrder([.. map2.Keys], Folded, line)
                .Select(object? (key) => new JinjaTuple([key, map2[(string)key!]])).ToList() :
                throw new JinjaException($"{JinjaValue.NameOf(value)} is no dictionary", line);
            case "default" or "d": return value is JinjaUndefined || (Argument(1, "boolean") is true && !JinjaValue.IsTrue(value))
                ? IsGiven(0, "default_value") ? Argument(0, "default_value") : "" : value;
            case "indent": return Indented(JinjaValue.Text(value), Argument(0, "width"), Argument(1, "first") is true,
                Argument(2, "blank") is true);
            case "map":
                if (named.GetValueOrDefault("attribute") is { } attribute)
                {
                    return Items().Select(item => FieldOf(item, attribute) is var field1 && field1 is JinjaUndefined
                        && named.TryGetValue("default", out var otherwise) ? otherwise : field1).ToList();
                }
                return Items().Select(item => Apply(FilterName(args, line), item, [.. args.Skip(1)], named, line)).ToList();
            case "select" or "reject":
                return Items().Where(item => Holds(item, args, line) == (name == "select")).ToList();
            case "selectattr" or "rejectattr":
                var by = args.ElementAtOrDefault(0) ?? throw new JinjaException($"{name} takes the name of a field", line);
                return Items().Where(item => Holds(FieldOf(item, by), [.. args.Skip(1)], line) == (name == "selectattr")).ToList();
            default: throw new JinjaException($"the filter '{name}' is not supported here", line);
        }
    }

    public static bool Test(string name, object? value, IReadOnlyList<object?> args, int line)
    {
        object? Other() => args.Count > 0 ? args[0] : throw new JinjaException($"the test '{name}' takes a value", line);
        return name switch
        {
            "defined" => value is not JinjaUndefined,
            "undefined" => value is JinjaUndefined,
            "none" => value is null,
            "string" => value is string,
            "mapping" => value is JinjaMap,
            "sequence" => value is string or List<object?> or JinjaMap or JinjaUndefined,
            "iterable" => value is string or List<object?> or JinjaMap or JinjaUndefined,
            "number" => value is long or double or bool,
            "integer" => value is long,
            "float" => value is double,
            "boolean" => value is bool,
            "true" => value is true,
            "false" => value is false,
            "callable" => value is JinjaFunction,
            "odd" => value is long odd && odd % 2 != 0,
            "even" => value is long even && even % 2 == 0,
            "divisibleby" => value is long whole && Other() is long divisor and not 0 && whole % divisor == 0,
            "equalto" or "eq" or "==" => JinjaValue.AreEqual(value, Other()),
            "ne" or "!=" => !JinjaValue.AreEqual(value, Other()),
            "in" => JinjaValue.Contains(Other(), value, line),
            "lt" or "lessthan" or "<" => JinjaValue.Compare(value, Other(), line) < 0,
            "gt" or "greaterthan" or ">" => JinjaValue.Compare(value, Other(), line) > 0,
            "le" or "<=" => JinjaValue.Compare(value, Other(), line) <= 0,
            "ge" or ">=" => JinjaValue.Compare(value, Other(), line) >= 0,
            "upper" => value is string upper && !upper.Any(char.IsLower) && upper.Any(char.IsUpper),
            "lower" => value is string lower && !lower.Any(char.IsUpper) && lower.Any(char.IsLower),
            _ => throw new JinjaException($"the test '{name}' is not supported here", line),
        };
    }

    /// <summary>The keyword arguments of filters; unknown ones are refused, not ignored.</summary>
    private static readonly Dictionary<string, string[]> Named = new()
    {
        ["trim"] = ["chars"], ["join"] = ["d", "attribute"], ["tojson"] = ["ensure_ascii", "indent", "separators", "sort_keys"],
            ["sort"] = ["reverse", "case_sensitive", "attribute"], ["unique"] = ["case_sensitive", "attribute"],
        ["int"] = ["default"], ["float"] = ["default"], ["sum"] = ["attribute", "start"], ["min"] = ["case_sensitive", "attribute"],
            ["max"] = ["case_sensitive", "attribute"], ["dictsort"] = ["case_sensitive"],
        ["default"] = ["default_value", "boolean"], ["d"] = ["default_value", "boolean"], ["indent"] = ["width", "first", "blank"],
            ["map"] = ["attribute", "default"], ["replace"] = [],
    };

    /// <summary>Filters whose positional arguments belong to another filter or test, or are checked where they are used.</summary>
    private static readonly HashSet<string> TakesAny = ["map", "select", "reject", "selectattr", "rejectattr", "replace"];

    private static void RefuseUnknown(string name, IReadOnlyList<object?> args, IReadOnlyDictionary<string, object?> named, int line)
    {
        var known = Named.GetValueOrDefault(name, []);
        if (name != "map" && named.Keys.FirstOrDefault(given => !known.Contains(given)) is { } unknown)
            throw new JinjaException($"the filter '{name}' takes no '{unknown}' here", line);
        if (!TakesAny.Contains(name) && args.Count > known.Length)
            throw new JinjaException($"the filter '{name}' takes {known.Length} values here; {args.Count} were given", line);
    }

    private static object? Sum(object? sum, object? item, int line)
    {
        if (JinjaValue.NumberOf(sum) is not { } a || JinjaValue.NumberOf(item) is not { } b)
            throw new JinjaException($"{JinjaValue.NameOf(sum)} + {JinjaValue.NameOf(item)} means nothing", line);
        return sum is double || item is double ? a + b : (object)(WholeOf(sum)!.Value + WholeOf(item)!.Value);
    }

    /// <summary>The integer value of a text or a number, truncated; null for anything else.</summary>
    private static long? WholeOf(object? value) => value switch
    {
        long whole => whole,
        bool flag => flag ? 1 : 0,
        string text when long.TryParse(text.Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) => whole,
        string text when double.TryParse(text.Trim(), CultureInfo.InvariantCulture, out var number) && Math.Abs(number) < long.MaxValue =>
            (long)number,
        double number when Math.Abs(number) < long.MaxValue => (long)number,
        _ => null,
    };

    /// <summary>A stable sort by key.</summary>
    private static List<object?> InOrder(List<object?> items, Func<object?, object?> key, int line, bool largestFirst = false)
    {
        var order = Comparer<object?>.Create((a, b) => JinjaValue.Compare(a, b, line));
        try
        {
            return [.. largestFirst ? items.OrderByDescending(key, order) : items.OrderBy(key, order)];
        }
        catch (InvalidOperationException wrapped) when (wrapped.InnerException is JinjaException refused)
        {
            ExceptionDispatchInfo.Throw(refused);
            throw;
        }
    }

    public static string Replaced(string text, IReadOnlyList<object?> args, int line)
    {
        if (args.Count < 2 || args[0] is not string old || old.Length == 0)
            throw new JinjaException("replace takes a text that is not empty, and what takes its place", line);
        var by = JinjaValue.Text(args[1]);
        if (args.ElementAtOrDefault(2) is not long times) return text.Replace(old, by, StringComparison.Ordinal);
        for (int at = 0; times > 0 && (at = text.IndexOf(old, at, StringComparison.Ordinal)) >= 0; times--, at += by.Length)
            text = text[..at] + by + text[(at + old.Length)..];
        return text;
    }

    private static string FilterName(IReadOnlyList<object?> args, int line) =>
        args.ElementAtOrDefault(0) as string ?? throw new JinjaException("map takes the name of a filter, or attribute=", line);

    private static bool Holds(object? value, IReadOnlyList<object?> test, int line) =>
        test.Count == 0
            ? JinjaValue.IsTrue(value)
            : Test(test[0] as string ?? throw new JinjaException("the name of a test is wanted here", line), value, [.. test.Skip(1)],
            line);

    /// <param name="item">The object.</param>
    /// <param name="path">A name, an index, or several separated by dots.</param>
    private static object? FieldOf(object? item, object? path)
    {
        foreach (var part in JinjaValue.Text(path).Split('.'))
            item = item is JinjaMap map && map.TryGet(part, out var value) ? value : item is List<object?> list
                && int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var place) && place < list.Count ? list[place]
                : new JinjaUndefined(part);
        return item;
    }

    private static string Indented(string text, object? width, bool first, bool blank)
    {
        var indent = width as string ?? new string(' ', (int)Math.Clamp(width as long? ?? 4, 0, 100));
        var lines = text.Split('\n').Index().Select(line => line.Index == 0 && !first || line.Item.Length == 0 && !blank
            ? line.Item
            : indent + line.Item);
        return string.Join('\n', lines);
    }
}

/// <summary>JSON as written by transformers' own <c>tojson</c>: Python's <c>json.dumps</c>, without escaping non-ASCII letters by
/// default.</summary>
internal sealed class JinjaJson
{
    private readonly StringBuilder _json = new();
    private readonly bool _asciiOnly, _sorted;
    private readonly string? _indent;
    private readonly string _between, _afterKey;
    private readonly int _line;

    private JinjaJson(bool asciiOnly, string? indent, string between, string afterKey, bool sorted, int line) =>
        (_asciiOnly, _indent, _between, _afterKey, _sorted, _line) = (asciiOnly, indent, between, afterKey, sorted, line);

    /// <summary>On one line, like <c>tojson</c> without arguments.</summary>
    public static string Of(object? value) => Of(value, asciiOnly: false, indent: null, separators: null, sorted: false, line: 0);

    /// <param name="value">The value to write.</param>
    /// <param name="asciiOnly">Whether to escape non-ASCII letters as \u and four digits.</param>
    /// <param name="indent">The number of blanks, or the text, per level of indentation; null: all on one line.</param>
    /// <param name="separators">The separators between items and after a key; null: <c>", "</c> (<c>","</c> if indented) and <c>":
    /// "</c>.</param>
    /// <param name="sorted">Whether to sort keys.</param>
    /// <param name="line">Its line in the template.</param>
    public static string Of(object? value, bool asciiOnly, object? indent, object? separators, bool sorted, int line)
    {
        var step = indent switch
        {
            null => null,
            long width => new string(' ', (int)Math.Clamp(width, 0, 16)),
            string text => text,
            _ => throw new JinjaException("tojson takes a whole number or a text as indent", line),
        };
        var (between, afterKey) = separators switch
        {
            null => (step is null ? ", " : ",", ": "),
            List<object?> and [string items, string key] => (items, key),
            _ => throw new JinjaException("tojson takes two texts as separators", line),
        };
        var json = new JinjaJson(asciiOnly, step, between, afterKey, sorted, line);
        json.Write(value, 0);
        return json._json.ToString();
    }

    private void Write(object? value, int depth)
    {
        var (json, line) = (_json, _line);
        if (depth > 100) throw new JinjaException("a value is nested too deep for JSON", line);
        switch (value)
        {
            case null: json.Append("null"); break;
            case bool flag: json.Append(flag ? "true" : "false"); break;
            case long number: json.Append(number); break;
            case double number: json.Append(JinjaValue.Float(number)); break;
            case string text: Quote(text); break;
            case List<object?> list: Enclosed('[', ']', list.Select(item => (Action)(() => Write(item, depth + 1))), depth); break;
            case JinjaMap map:
                Enclosed('{', '}', (_sorted ? map.Keys.Order(StringComparer.Ordinal) : map.Keys.AsEnumerable()).Select(key => (Action)(() =>
                {
                    Quote(key);
                    json.Append(_afterKey);
                    Write(map[key], depth + 1);
                })), depth);
                break;
            default: throw new JinjaException($"{JinjaValue.NameOf(value)} cannot be written as JSON", line);
        }
    }

    private void Enclosed(char open, char close, IEnumerable<Action> items, int depth)
    {
        _json.Append(open);
        var any = false;
        foreach (var write in items)
        {
            if (any) _json.Append(_between);
            NewLine(depth + 1);
            write();
            any = true;
        }
        if (any) NewLine(depth);
        _json.Append(close);
    }

    private void NewLine(int depth)
    {
        if (_indent is not null) _json.Append('\n').Insert(_json.Length, _indent, depth);
    }

    private void Quote(string text)
    {
        _json.Append('"');
        foreach (var c in text)
            _json.Append(c switch
            {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                '\b' => "\\b",
                '\f' => "\\f",
                < ' ' => $"\\u{(int)c:x4}",
                > '\u007f' when _asciiOnly => $"\\u{(int)c:x4}",
                _ => c.ToString(),
            });
        _json.Append('"');
    }
}
