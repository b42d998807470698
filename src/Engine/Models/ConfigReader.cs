using System.Text.Json;
using LoraDrop.Domain;

namespace LoraDrop.Engine.Models;

/// <summary>Reads values of config.json and collects their faults.</summary>
internal sealed class ConfigReader
{
    private readonly JsonElement _json;
    private readonly List<Fault> _faults;

    public ConfigReader(string path, JsonElement json) : this(path, json, []) { }

    private ConfigReader(string path, JsonElement json, List<Fault> faults) => (Path, _json, _faults) = (path, json, faults);

    public string Path { get; }

    /// <summary>Whether the field exists, even if null.</summary>
    public bool Has(string name) => _json.TryGetProperty(name, out _);

    public int Count(string name, int? otherwise = null)
    {
        var value = Whole(name, otherwise);
        Check(value > 0, name, "must be a whole number above 0");
        return value;
    }

    public int Whole(string name, int? otherwise)
    {
        if (!Given(name, out var value) && otherwise is { } fallback) return fallback;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var whole)) return whole;
        Check(false, name, "must be a whole number");
        return 0;
    }

    /// <summary>One integer, or a list of them; empty if missing.</summary>
    public IReadOnlyList<int> WholeOrSeveral(string name)
    {
        if (!Given(name, out var value)) return [];
        JsonElement[] numbers = value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()] : [value];
        if (numbers.All(number => number.ValueKind == JsonValueKind.Number && number.TryGetInt32(out _)))
            return [.. numbers.Select(number => number.GetInt32())];
        Check(false, name, "must be a whole number, or a list of them");
        return [];
    }

    public double Number(string name, double otherwise)
    {
        if (!Given(name, out var value)) return otherwise;
        if (value.ValueKind == JsonValueKind.Number) return value.GetDouble();
        Check(false, name, "must be a number");
        return otherwise;
    }

    public double Share(string name, double otherwise)
    {
        var share = Number(name, otherwise);
        if (share is >= 0 and < 1) return share;
        Check(false, name, "must lie in [0, 1)");
        return otherwise;
    }

    public string Text(string name, string otherwise)
    {
        if (!Given(name, out var value)) return otherwise;
        if (value.ValueKind == JsonValueKind.String) return value.GetString()!;
        Check(false, name, "must be a text");
        return otherwise;
    }

    public bool Flag(string name, bool otherwise = false)
    {
        if (!Given(name, out var value)) return otherwise;
        Check(value.ValueKind is JsonValueKind.True or JsonValueKind.False, name, "must be true or false");
        return value.ValueKind == JsonValueKind.True;
    }

    /// <summary>A list, or null if missing.</summary>
    public JsonElement[]? Items(string name)
    {
        if (!Given(name, out var value)) return null;
        if (value.ValueKind == JsonValueKind.Array) return [.. value.EnumerateArray()];
        Check(false, name, "must be a list");
        return [];
    }

    /// <summary>The class names in <c>id2label</c>, or else in <c>label2id</c>.</summary>
    /// <returns>The names, class 0 first; empty unless they are numbered from 0.</returns>
    public IReadOnlyList<string> Classes()
    {
        IEnumerable<(string Number, string Name)> Named(string field) =>
            Given(field, out var value) && value.ValueKind == JsonValueKind.Object
                ? value.EnumerateObject().Select(entry => (entry.Name, $"{entry.Value}")) : [];
        (string Number, string Name)[] classes = [.. Named("id2label")];
        if (classes.Length == 0) classes = [.. Named("label2id").Select(entry => (entry.Name, entry.Number))];
        var byNumber = classes.DistinctBy(entry => entry.Number).ToDictionary(entry => entry.Number, entry => entry.Name);
        string[] numbers = [.. Enumerable.Range(0, classes.Length).Select(number => $"{number}")];
        return numbers.All(byNumber.ContainsKey) ? [.. numbers.Select(number => byNumber[number])] : [];
    }

    /// <summary>Reads a nested object, whose faults are added to this one's; null if missing.</summary>
    public ConfigReader? Section(string name)
    {
        if (!Given(name, out var value)) return null;
        if (value.ValueKind == JsonValueKind.Object) return new($"{Path} {name}", value, _faults);
        Check(false, name, "must be an object or null");
        return null;
    }

    public void Check(bool holds, string name, string message)
    {
        if (!holds && !_faults.Any(f => f.Path.EndsWith($" {name}"))) _faults.Add(new($"{Path} {name}", message));
    }

    public void ThrowIfFaulty()
    {
        if (_faults.Count > 0) throw new RefusedInputException(_faults);
    }

    private bool Given(string name, out JsonElement value) =>
        _json.TryGetProperty(name, out value) && value.ValueKind != JsonValueKind.Null;
}
