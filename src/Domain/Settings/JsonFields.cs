using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LoraDrop.Domain;

/// <summary>Parses one JSON object strictly: invalid fields become faults with their paths, and parsing continues.</summary>
/// <remarks>
/// Absent, null and invalid fields return their defaults, so that one pass finds every fault. Unknown fields
/// are faults too, added by <see cref="Section{T}"/> and <see cref="Read{T}"/>. Names and texts must be <see cref="PlainText"/>.
/// </remarks>
internal sealed class JsonFields
{
    private static readonly JsonElement Absent = JsonSerializer.SerializeToElement<object?>(null);

    private readonly string _path;
    private readonly List<Fault> _faults;
    private readonly Dictionary<string, JsonElement> _given = [];
    private readonly HashSet<string> _asked = [];

    private JsonFields(JsonElement json, string path, List<Fault> faults)
    {
        (_path, _faults) = (path, faults);
        if (json.ValueKind == JsonValueKind.Object) Collect(json);
        else if (json.ValueKind != JsonValueKind.Null) faults.Add(new Fault(path, $"must be an object; got {Shown(json)}"));
    }

    /// <summary>Parses a whole document; adds its faults to <paramref name="faults"/>.</summary>
    /// <exception cref="RefusedInputException">The text is not JSON; the fault's path is line and column.</exception>
    public static T Read<T>(string json, List<Fault> faults, Func<JsonFields, T> read)
    {
        using var document = Parse(json);
        var root = document.RootElement;
        if (root.ValueKind != JsonValueKind.Object)
            throw new RefusedInputException("line 1 column 1", $"must be an object; got {Shown(root)}");
        return Close(new JsonFields(root, "", faults), read);
    }

    public T Section<T>(string name, Func<JsonFields, T> read) => Close(new JsonFields(Take(name), PathOf(name), _faults), read);

    /// <summary>Whether the field has a value other than null.</summary>
    public bool Has(string name) => Take(name).ValueKind != JsonValueKind.Null;

    /// <summary>Whether the field is null, which in an update removes the value.</summary>
    public bool IsNull(string name)
    {
        _asked.Add(name);
        return _given.TryGetValue(name, out var json) && json.ValueKind == JsonValueKind.Null;
    }

    /// <summary>The names of all given fields, in their order.</summary>
    public IReadOnlyCollection<string> Names => _given.Keys;

    /// <summary>The raw JSON of the field; of kind null if it is absent.</summary>
    public JsonElement Raw(string name) => Take(name).Clone();

    /// <summary>The field as a tree, whose names and texts can all be read; null and a fault if not.</summary>
    public JsonNode? Node(string name)
    {
        try
        {
            var node = JsonNode.Parse(Take(name).GetRawText(), null, new() { AllowDuplicateProperties = false });
            _ = node?.ToJsonString();
            return node;
        }
        catch (JsonException)
        {
            Refuse(name, "has a field that is given twice");
        }
        catch (InvalidOperationException) // an escape such as \ud800 is JSON, but not a character
        {
            Refuse(name, "contains half of a surrogate pair");
        }
        return null;
    }

    public string? Text(string name) => TextAt(Take(name), PathOf(name));

    /// <summary>A text that may have several lines and be all white space.</summary>
    public string? Lines(string name) => TextAt(Take(name), PathOf(name), lines: true);

    public string RequiredText(string name)
    {
        if (!Has(name)) Refuse(name, "is required");
        return Text(name) ?? "";
    }

    public bool? Flag(string name) => Value<bool>(name, "true or false", json => json.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => null,
    });

    public int? Integer(string name) =>
        Value<int>(name, "a whole number below 2147483648", json => IsNumber(json) && json.TryGetInt32(out var n) ? n : null);

    public long? LongInteger(string name) =>
        Value<long>(name, "a whole number of 64 bits", json => IsNumber(json) && json.TryGetInt64(out var n) ? n : null);

    public double? Number(string name) =>
        Value<double>(name, "a finite number", json => IsNumber(json) && json.TryGetDouble(out var n) && double.IsFinite(n) ? n : null);

    /// <summary>A finite number, or <c>auto</c>.</summary>
    public Threshold? Threshold(string name) => Value<Threshold>(name, $"a finite number or \"{Domain.Threshold.AutoName}\"", json =>
        json.ValueKind == JsonValueKind.String && json.ValueEquals(Domain.Threshold.AutoName) ? Domain.Threshold.Auto
        : IsNumber(json) && json.TryGetDouble(out var n) && double.IsFinite(n) ? n : null);

    /// <summary>A time with its offset (RFC 3339).</summary>
    public DateTimeOffset? Time(string name)
    {
        if (Text(name) is not { } written) return null;
        if (Take(name).TryGetDateTimeOffset(out var time) && written.Length > 19) return time;
        Refuse(name, $"must be a time such as 2030-01-31T00:00:00Z; got \"{(written.Length > 40 ? written[..40] + "…" : written)}\"");
        return null;
    }

    public T? Choice<T>(string name) where T : struct, Enum =>
        Chosen(name, [.. Enum.GetValues<T>().Select(JsonText.NameOf)]) is { } index ? Enum.GetValues<T>()[index] : null;

    /// <summary>A tuning method, by its name.</summary>
    public Method? Method(string name) => Chosen(name, Methods.Names) is { } index ? Methods.All[index] : null;

    public IReadOnlyList<string>? Texts(string name, bool lines = false)
    {
        var json = Take(name);
        if (json.ValueKind == JsonValueKind.Null) return null;
        if (json.ValueKind == JsonValueKind.Array)
        {
            string?[] items = [.. json.EnumerateArray().Select((item, i) => RequiredTextAt(item, $"{PathOf(name)}[{i}]", lines))];
            return items.Contains(null) ? null : [.. items.OfType<string>()];
        }
        Refuse(name, $"must be a list of texts; got {Shown(json)}");
        return null;
    }

    /// <summary>A list of objects; null if it is absent or no list.</summary>
    public IReadOnlyList<T>? Sections<T>(string name, Func<JsonFields, T> read) => SectionsAt(Take(name), PathOf(name), read);

    /// <summary>A list of lists of objects; null if it is absent or no list.</summary>
    public IReadOnlyList<IReadOnlyList<T>>? SectionLists<T>(string name, Func<JsonFields, T> read) =>
        ItemsAt(Take(name), PathOf(name), (json, path) => SectionsAt(json, path, read) ?? []);

    /// <summary>Every field as a text; numbers, true and false as they are written, and empty where there is none.</summary>
    public IReadOnlyDictionary<string, string> Cells() => _given.Keys.ToDictionary(name => name, name =>
        Take(name) is { ValueKind: JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False } json ? json.GetRawText()
            : Lines(name) ?? "");

    /// <summary>A list of at least one seed; null if it is absent or wrong.</summary>
    public IReadOnlyList<long>? Seeds(string name)
    {
        var json = Take(name);
        if (json.ValueKind == JsonValueKind.Null) return null;
        if (json.ValueKind == JsonValueKind.Array && json.GetArrayLength() > 0
            && json.EnumerateArray().All(seed => IsNumber(seed) && seed.TryGetInt64(out _)))
            return [.. json.EnumerateArray().Select(seed => seed.GetInt64())];
        Refuse(name, "must be a list of whole numbers, such as [1, 2, 3]");
        return null;
    }

    /// <summary>An object with arbitrary names and text values, in ordinal order of names.</summary>
    public IReadOnlyDictionary<string, string> Pairs(string name) => Section(name, fields => new SortedDictionary<string, string>(
        fields._given.ToDictionary(f => f.Key, f => fields.RequiredText(f.Key)), StringComparer.Ordinal));

    /// <summary>An object with arbitrary names and whole numbers, in their order; null if it is absent.</summary>
    public IReadOnlyDictionary<string, int>? Integers(string name) => Named(name, (fields, key) => fields.Integer(key));

    /// <summary>An object with arbitrary names and numbers, in their order; null if it is absent.</summary>
    public IReadOnlyDictionary<string, double>? Numbers(string name) => Named(name, (fields, key) => fields.Number(key));

    public void Refuse(string name, string message) => _faults.Add(new Fault(PathOf(name), message));

    private static T Close<T>(JsonFields fields, Func<JsonFields, T> read)
    {
        var result = read(fields);
        foreach (var name in fields._given.Keys.Where(name => !fields._asked.Contains(name)))
            fields.Refuse(name, "unknown field" + Spelling.Hint(name, fields._asked.Except(fields._given.Keys)));
        return result;
    }

    /// <summary>The document.</summary>
    /// <exception cref="RefusedInputException">The text is not JSON; the fault's path is line and column.</exception>
    internal static JsonDocument Parse(string json)
    {
        try
        {
            return JsonDocument.Parse(json);
        }
        catch (JsonException e)
        {
            throw new RefusedInputException(PlaceOf(e, json), $"is not JSON: {e.Message.Split(" LineNumber:")[0]}");
        }
        catch (ArgumentException)
        {
            throw new RefusedInputException("line 1", "is not JSON: it contains half of a surrogate pair");
        }
    }

    /// <summary>Line and column from 1. The exception counts bytes; this counts characters.</summary>
    private static string PlaceOf(JsonException e, string json)
    {
        var line = Encoding.UTF8.GetBytes(json.Split('\n')[e.LineNumber ?? 0]);
        return $"line {e.LineNumber + 1} column {Encoding.UTF8.GetCharCount(line, 0, (int)(e.BytePositionInLine ?? 0)) + 1}";
    }

    private void Collect(JsonElement json)
    {
        foreach (var property in json.EnumerateObject())
        {
            if (NameOf(property) is not { } name) Refuse("?", "has a name that contains half of a surrogate pair");
            else if (PlainText.Fault(name) is { } strange) Refuse(PlainText.Shown(name), $"has a name that {strange}");
            else if (!_given.TryAdd(name, property.Value)) Refuse(name, "is given twice");
        }
    }

    private JsonElement Take(string name)
    {
        _asked.Add(name);
        return _given.TryGetValue(name, out var json) ? json : Absent;
    }

    private T? Value<T>(string name, string wanted, Func<JsonElement, T?> read) where T : struct
    {
        var json = Take(name);
        if (json.ValueKind == JsonValueKind.Null) return null;
        if (read(json) is { } value) return value;
        Refuse(name, $"must be {wanted}; got {Shown(json)}");
        return null;
    }

    private IReadOnlyList<T>? SectionsAt<T>(JsonElement list, string at, Func<JsonFields, T> read) =>
        ItemsAt(list, at, (json, path) => Close(new JsonFields(json, path, _faults), read));

    private IReadOnlyList<T>? ItemsAt<T>(JsonElement list, string at, Func<JsonElement, string, T> read)
    {
        if (list.ValueKind == JsonValueKind.Array) return [.. list.EnumerateArray().Select((item, i) => read(item, $"{at}[{i}]"))];
        if (list.ValueKind != JsonValueKind.Null) _faults.Add(new(at, $"must be a list; got {Shown(list)}"));
        return null;
    }

    private OrderedDictionary<string, T>? Named<T>(string name, Func<JsonFields, string, T?> read) where T : struct =>
        !Has(name) ? null : Section(name, fields =>
        {
            foreach (var empty in fields._given.Keys.Where(key => !fields.Has(key))) fields.Refuse(empty, "must be a number; got null");
            return new OrderedDictionary<string, T>(fields._given.Keys.Select(key => (Key: key, Value: read(fields, key)))
                .Where(pair => pair.Value is not null).Select(pair => KeyValuePair.Create(pair.Key, pair.Value!.Value)));
        });

    private int? Chosen(string name, IReadOnlyList<string> known)
    {
        if (Text(name) is not { } written) return null;
        foreach (var (index, choice) in known.Index())
            if (choice == written) return index;
        Refuse(name, $"must be one of {string.Join(", ", known)}; got \"{written}\"{Spelling.Hint(written, known)}");
        return null;
    }

    private string? RequiredTextAt(JsonElement json, string path, bool lines)
    {
        if (json.ValueKind == JsonValueKind.Null) _faults.Add(new Fault(path, "must be a text; got null"));
        return TextAt(json, path, lines);
    }

    private string? TextAt(JsonElement json, string path, bool lines = false)
    {
        if (json.ValueKind == JsonValueKind.Null) return null;
        var text = json.ValueKind == JsonValueKind.String ? Unescaped(json.GetString) : null;
        var fault = text is null ? $"must be a text; got {Shown(json)}" : (lines ? text.Length == 0 : string.IsNullOrWhiteSpace(text))
            ? "must not be empty"
            : PlainText.Fault(text, lines);
        if (fault is null) return text;
        _faults.Add(new Fault(path, fault));
        return null;
    }

    private static string? NameOf(JsonProperty property) => Unescaped(() => property.Name);

    /// <summary>The text, or null if it contains an escape (<c>\ud800</c>) that is not a character.</summary>
    private static string? Unescaped(Func<string?> read)
    {
        try
        {
            return read();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    private static bool IsNumber(JsonElement json) => json.ValueKind == JsonValueKind.Number;

    private static string Shown(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        _ => Truncated(PlainText.Shown(json.GetRawText())),
    };

    /// <summary>The first forty characters, without splitting a surrogate pair.</summary>
    private static string Truncated(string text) => text.Length <= 40 ? text : $"{text[..(char.IsHighSurrogate(text[39]) ? 39 : 40)]}…";

    private string PathOf(string name) => _path.Length == 0 ? name : $"{_path}.{name}";
}
