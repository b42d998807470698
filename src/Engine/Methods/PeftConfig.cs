using System.Text.Json;
using LoraDrop.Domain;

namespace LoraDrop.Engine.Methods;

/// <summary>An adapter_config.json of PEFT. What is not supported is refused by its name.</summary>
public sealed class PeftConfig
{
    private readonly string _path;
    private readonly JsonElement _json;

    private PeftConfig(string path, JsonElement json) => (_path, _json) = (path, json);

    /// <summary>The settings of the method that a folder's adapter is of.</summary>
    /// <exception cref="RefusedInputException">There is no configuration, or the adapter is of an unsupported kind.</exception>
    public static MethodSettings Read(string folder) => In(folder, Tunings.SettingsIn);

    /// <summary>The base model's name; null if the adapter does not say.</summary>
    /// <exception cref="RefusedInputException">There is no configuration.</exception>
    public static string? BaseModelOf(string folder) => In(folder, config => config.Text("base_model_name_or_path"));

    private static T In<T>(string folder, Func<PeftConfig, T> read)
    {
        var path = Path.Combine(folder, PeftAdapter.ConfigFile);
        if (!File.Exists(path))
            throw new RefusedInputException(path,
                "file not found; an adapter is a folder with adapter_config.json and adapter_model.safetensors");
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path));
            return read(new(path, document.RootElement));
        }
        catch (Exception malformed) when (malformed is JsonException or KeyNotFoundException or InvalidOperationException
            or FormatException)
        {
            throw new RefusedInputException(path, $"is not the configuration of a PEFT adapter ({malformed.Message})");
        }
    }

    /// <summary>PEFT's name of the method, such as <c>LORA</c>.</summary>
    public string? Type => _json.GetProperty("peft_type").GetString();

    public JsonElement this[string name] => _json.GetProperty(name);

    public bool IsTrue(string name) => _json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.True;

    /// <summary>A text; null if it is absent or none.</summary>
    public string? Text(string name) =>
        _json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>A rank, at least 1.</summary>
    public int Rank(string name)
    {
        var rank = _json.GetProperty(name).GetInt32();
        if (rank < 1) throw Refused(name, $"is {rank}; a rank is at least 1");
        return rank;
    }

    /// <summary>A finite number above 0.</summary>
    public double Positive(string name)
    {
        var number = _json.GetProperty(name).GetDouble();
        if (number is not (> 0 and < double.PositiveInfinity)) throw Refused(name, $"is {number}; it must be above 0");
        return number;
    }

    /// <summary>A list of texts; null if it is absent or none.</summary>
    public IReadOnlyList<string>? Texts(string name) => _json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Array
        ? [.. value.EnumerateArray().Select(text => text.GetString() ?? throw Refused(name, "holds an entry that is no text"))]
        : null;

    /// <summary>Values by pattern of layers, in the file's order; null if there are none.</summary>
    /// <param name="name">The field.</param>
    /// <param name="read">Reads a value.</param>
    /// <param name="fits">Whether a value is within its range.</param>
    public IReadOnlyDictionary<string, T>? Patterns<T>(string name, Func<JsonElement, T> read, Func<T, bool> fits)
    {
        if (!_json.TryGetProperty(name, out var given) || IsUnset(given)) return null;
        var patterns = new OrderedDictionary<string, T>();
        foreach (var pattern in given.EnumerateObject())
        {
            if (LayerPattern.Faults([pattern.Name], name).FirstOrDefault() is { } fault) throw Refused(fault.Path, fault.Message);
            var value = read(pattern.Value);
            if (!fits(value)) throw Refused($"{name}.{pattern.Name}", $"is {value}, which is out of range");
            patterns[pattern.Name] = value;
        }
        return patterns;
    }

    /// <summary>Refuses what is set among fields that must have their defaults.</summary>
    public void RefuseSet(params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
            if (_json.TryGetProperty(name, out var value) && !IsUnset(value)) throw Refused(name, $"is {value}, which is not supported");
    }

    /// <summary>Refuses trained biases.</summary>
    public void RefuseBiases()
    {
        if (Text("bias") is not (null or "none")) throw Refused("bias", "trained biases are not supported");
    }

    /// <summary>A fault of a field.</summary>
    public RefusedInputException Refused(string name, string why) => new($"{_path} {name}", why);

    private static bool IsUnset(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.False => true,
        JsonValueKind.Object => !value.EnumerateObject().Any(),
        JsonValueKind.Array => value.GetArrayLength() == 0,
        _ => false,
    };
}
