using System.Collections.Concurrent;
using System.Text.Json;
using LoraDrop.Api.Client;

namespace LoraDrop.Api.Web;

/// <summary>How a setting is entered.</summary>
internal enum FieldKind
{
    Text,
    Number,

    /// <summary>A number, or a word such as <c>auto</c>.</summary>
    NumberOrWord,
    YesOrNo,
    Choice,
    List,
}

/// <summary>A setting of a job in the form for a new job.</summary>
/// <param name="Path">Its path in the request, such as <c>training.learningRate</c>.</param>
/// <param name="Kind">How it is entered.</param>
/// <param name="Choices">The values to choose from.</param>
/// <param name="Help">Its meaning, range and default, in the words of the API's documentation.</param>
internal sealed record SettingField(string Path, FieldKind Kind, IReadOnlyList<string> Choices, string Help)
{
    /// <summary>Its name in words: <c>learning rate</c>.</summary>
    public string Title => Words(Path[(Path.LastIndexOf('.') + 1)..]);

    public static string Words(string camelCase) =>
        string.Concat(camelCase.Select(letter => char.IsUpper(letter) ? $" {char.ToLowerInvariant(letter)}" : $"{letter}"));
}

/// <summary>The settings of a job, section by section, as the OpenAPI document describes them: the form has every setting that the API has,
/// with the same words.</summary>
internal sealed class SettingFields
{
    private static SettingFields? _read;

    private readonly ConcurrentDictionary<string, IReadOnlyList<SettingField>> _sections = new();
    private readonly JsonElement _schemas;

    private SettingFields(JsonElement schemas) => _schemas = schemas;

    /// <summary>The settings of this version, read once.</summary>
    public static async Task<SettingFields> ReadAsync(ServiceClient service, CancellationToken cancel) => _read ??=
        new((await service.GetAsync<JsonElement>("swagger/v1/swagger.json", cancel)).Value.GetProperty("components")
            .GetProperty("schemas"));

    /// <summary>The settings of a section, such as <c>training</c>; sections inside it are left out.</summary>
    public IReadOnlyList<SettingField> Of(string section) => _sections.GetOrAdd(section, ReadSection);

    private IReadOnlyList<SettingField> ReadSection(string section)
    {
        var schema = Resolve(_schemas.GetProperty("JobRequest").GetProperty("properties").GetProperty(section));
        return [.. schema.GetProperty("properties").EnumerateObject().Select(field => FieldOf($"{section}.{field.Name}", field.Value))
            .OfType<SettingField>()];
    }

    /// <summary>One setting by its path; null if there is none.</summary>
    public SettingField? Find(string path)
    {
        var section = path.Split('.')[0];
        return _schemas.GetProperty("JobRequest").GetProperty("properties").TryGetProperty(section, out var schema)
            && Resolve(schema).TryGetProperty("properties", out _)
                ? Of(section).FirstOrDefault(field => field.Path == path)
                : null;
    }

    private SettingField? FieldOf(string path, JsonElement written)
    {
        var schema = Resolve(written);
        var help = Text(written, "description") ?? Text(schema, "description") ?? "";
        help = help.Split("\n\n")[0].Replace("`", "");
        if (schema.TryGetProperty("enum", out var values))
            return new(path, FieldKind.Choice, [.. values.EnumerateArray().Where(v => v.ValueKind == JsonValueKind.String).Select(v =>
                v.GetString()!)],
                help);
        if (schema.TryGetProperty("oneOf", out _)) return new(path, FieldKind.NumberOrWord, [], help);
        return Text(schema, "type") switch
        {
            "integer" or "number" => new(path, FieldKind.Number, [], help),
            "boolean" => new(path, FieldKind.YesOrNo, ["true", "false"], help),
            "string" => new(path, FieldKind.Text, [], help),
            "array" => new(path, FieldKind.List, [], help),
            _ => null, // an object: in the JSON below the form
        };
    }

    private JsonElement Resolve(JsonElement schema)
    {
        if (schema.TryGetProperty("allOf", out var all) && all.GetArrayLength() == 1) return Resolve(all[0]);
        return Text(schema, "$ref") is { } reference ? Resolve(_schemas.GetProperty(reference.Split('/')[^1])) : schema;
    }

    private static string? Text(JsonElement schema, string name) =>
        schema.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
