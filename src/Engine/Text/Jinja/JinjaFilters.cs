using System.Globalization;
using System.Text;

namespace LoraDrop.Engine;

/// <summary>The filters and tests of Jinja that chat templates use.</summary>
internal static class JinjaFilters
{
    public static object? Apply(string name, object? value, IReadOnlyList<object?> args, IReadOnlyDictionary<string, object?> named, int line)
    {
        object? Argument(int i, string called) => i < args.Count ? args[i] : named.GetValueOrDefault(called);
        List<object?> Items() => [.. JinjaValue.Items(value, line)];
        switch (name)
        {
            case "trim": return Argument(0, "chars") is string characters ? JinjaValue.Text(value).Trim(characters.ToCharArray()) : JinjaValue.Text(value).Trim();
            case "length" or "count":
                return value switch
                {
                    string text => JinjaValue.Characters(text).LongCount(),
                    JinjaMap map => (long)map.Count,
                    List<object?> or JinjaUndefined => (long)Items().Count,
                    _ => throw new JinjaException($"{JinjaValue.NameOf(value)} has no length", line),
                };
            case "join":
                var joined = Argument(1, "attribute") is string field ? Items().Select(item => FieldOf(item, field)) : Items();
                return string.Join(Argument(0, "d") is { } between ? JinjaValue.Text(between) : "", joined.Select(JinjaValue.Text));
            case "tojson": return JinjaJson.Of(value, Argument(0, "indent") as long?, line);
            case "upper": return JinjaValue.Text(value).ToUpperInvariant();
            case "lower": return JinjaValue.Text(value).ToLowerInvariant();
            case "title": return Title(JinjaValue.Text(value));
            case "capitalize": return Capital(JinjaValue.Text(value));
            case "replace": return Replaced(JinjaValue.Text(value), args, line);
            case "first": return Items() is [var first, ..] ? first : new JinjaUndefined("first");
            case "last": return Items() is [.., var last] ? last : new JinjaUndefined("last");
            case "list": return Items();
            case "reverse": return value is string reversed ? string.Concat(JinjaValue.Characters(reversed).Reverse()) : Items().AsEnumerable().Reverse().ToList();
            case "sort": return Argument(0, "reverse") is true ? Items().OrderDescending(Order(line)).ToList() : Items().Order(Order(line)).ToList();
            case "unique": return Items().Aggregate(new List<object?>(), (kept, item) => kept.Exists(other => JinjaValue.AreEqual(other, item)) ? kept : [.. kept, item]);
            case "string": return JinjaValue.Text(value);
            case "safe": return value;
            case "int": return value switch { string text => long.TryParse(text.Trim(), CultureInfo.InvariantCulture, out var whole) ? whole : 0L, _ => (long)(JinjaValue.NumberOf(value) ?? 0) };
            case "float": return value is string number ? double.TryParse(number, CultureInfo.InvariantCulture, out var parsed) ? parsed : 0.0 : JinjaValue.NumberOf(value) ?? 0;
            case "abs": return value is long negative ? Math.Abs(negative) : Math.Abs(JinjaValue.NumberOf(value) ?? throw new JinjaException($"{JinjaValue.NameOf(value)} is no number", line));
            case "sum": return Items().Aggregate((object?)0L, (sum, item) => sum is long a && item is long b ? a + b : JinjaValue.NumberOf(sum) + JinjaValue.NumberOf(item));
            case "min": return Items().Order(Order(line)).FirstOrDefault(new JinjaUndefined("min"));
            case "max": return Items().OrderDescending(Order(line)).FirstOrDefault(new JinjaUndefined("max"));
            case "items": return value is JinjaUndefined ? new List<object?>() : value is JinjaMap map1 ? JinjaMethods.Of(map1, "items")!([], named, line) : throw new JinjaException($"{JinjaValue.NameOf(value)} has no items", line);
            case "dictsort": return value is JinjaMap map2 ? map2.Keys.Order(StringComparer.OrdinalIgnoreCase).Select(object? (key) => new List<object?> { key, map2[key] }).ToList() : throw new JinjaException($"{JinjaValue.NameOf(value)} is no dictionary", line);
            case "default" or "d": return value is JinjaUndefined || (Argument(1, "boolean") is true && !JinjaValue.IsTrue(value)) ? Argument(0, "default_value") ?? "" : value;
            case "indent": return Indented(JinjaValue.Text(value), Argument(0, "width"), Argument(1, "first") is true, Argument(2, "blank") is true);
            case "map":
                if (Argument(1000, "attribute") is string attribute) return Items().Select(item => FieldOf(item, attribute) is JinjaUndefined && named.TryGetValue("default", out var otherwise) ? otherwise : FieldOf(item, attribute)).ToList();
                return Items().Select(item => Apply(FilterName(args, line), item, [.. args.Skip(1)], named, line)).ToList();
            case "select" or "reject":
                return Items().Where(item => Holds(item, args, line) == (name == "select")).ToList();
            case "selectattr" or "rejectattr":
                var by = args.ElementAtOrDefault(0) as string ?? throw new JinjaException($"{name} takes the name of a field", line);
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
            "sequence" => value is string or List<object?> or JinjaMap,
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

    public static string Title(string text) => CultureInfo.InvariantCulture.TextInfo.ToTitleCase(text.ToLowerInvariant());

    public static string Capital(string text) => text.Length == 0 ? text : text[..1].ToUpperInvariant() + text[1..].ToLowerInvariant();

    public static string Replaced(string text, IReadOnlyList<object?> args, int line)
    {
        if (args.Count < 2 || args[0] is not string old || old.Length == 0) throw new JinjaException("replace takes a text that is not empty, and what takes its place", line);
        var by = JinjaValue.Text(args[1]);
        if (args.ElementAtOrDefault(2) is not long times) return text.Replace(old, by, StringComparison.Ordinal);
        for (int at = 0; times > 0 && (at = text.IndexOf(old, at, StringComparison.Ordinal)) >= 0; times--, at += by.Length) text = text[..at] + by + text[(at + old.Length)..];
        return text;
    }

    private static string FilterName(IReadOnlyList<object?> args, int line) => args.ElementAtOrDefault(0) as string ?? throw new JinjaException("map takes the name of a filter, or attribute=", line);

    private static bool Holds(object? value, IReadOnlyList<object?> test, int line) =>
        test.Count == 0 ? JinjaValue.IsTrue(value) : Test(test[0] as string ?? throw new JinjaException("the name of a test is wanted here", line), value, [.. test.Skip(1)], line);

    private static object? FieldOf(object? item, string path)
    {
        foreach (var part in path.Split('.'))
            item = item is JinjaMap map && map.TryGet(part, out var value) ? value : new JinjaUndefined(part);
        return item;
    }

    private static Comparer<object?> Order(int line) => Comparer<object?>.Create((a, b) => JinjaValue.Compare(a, b, line));

    private static string Indented(string text, object? width, bool first, bool blank)
    {
        var indent = width as string ?? new string(' ', (int)Math.Clamp(width as long? ?? 4, 0, 100));
        var lines = text.Split('\n').Index().Select(line => line.Index == 0 && !first || line.Item.Length == 0 && !blank ? line.Item : indent + line.Item);
        return string.Join('\n', lines);
    }
}

/// <summary>JSON as Python's <c>json.dumps(value, ensure_ascii=False)</c> writes it.</summary>
internal static class JinjaJson
{
    public static string Of(object? value, long? indent, int line)
    {
        var json = new StringBuilder();
        Write(value, indent, 0, json, line);
        return json.ToString();
    }

    private static void Write(object? value, long? indent, int depth, StringBuilder json, int line)
    {
        if (depth > 100) throw new JinjaException("a value is nested too deep for JSON", line);
        switch (value)
        {
            case null: json.Append("null"); break;
            case bool flag: json.Append(flag ? "true" : "false"); break;
            case long number: json.Append(number); break;
            case double number: json.Append(JinjaValue.Float(number)); break;
            case string text: Quote(text, json); break;
            case List<object?> list: Enclosed('[', ']', list.Select(item => (Action)(() => Write(item, indent, depth + 1, json, line))), indent, depth, json); break;
            case JinjaMap map:
                Enclosed('{', '}', map.Keys.Select(key => (Action)(() =>
                {
                    Quote(key, json);
                    json.Append(": ");
                    Write(map[key], indent, depth + 1, json, line);
                })), indent, depth, json);
                break;
            default: throw new JinjaException($"{JinjaValue.NameOf(value)} cannot be written as JSON", line);
        }
    }

    private static void Enclosed(char open, char close, IEnumerable<Action> items, long? indent, int depth, StringBuilder json)
    {
        json.Append(open);
        var any = false;
        foreach (var write in items)
        {
            if (any) json.Append(indent is null ? ", " : ",");
            if (indent is { } width) json.Append('\n').Append(' ', (int)(Math.Clamp(width, 0, 16) * (depth + 1)));
            write();
            any = true;
        }
        if (any && indent is { } outer) json.Append('\n').Append(' ', (int)(Math.Clamp(outer, 0, 16) * depth));
        json.Append(close);
    }

    private static void Quote(string text, StringBuilder json)
    {
        json.Append('"');
        foreach (var c in text)
            json.Append(c switch { '"' => "\\\"", '\\' => "\\\\", '\n' => "\\n", '\r' => "\\r", '\t' => "\\t", '\b' => "\\b", '\f' => "\\f", < ' ' => $"\\u{(int)c:x4}", _ => c.ToString() });
        json.Append('"');
    }
}
