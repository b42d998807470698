using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace LoraDrop.Domain;

/// <summary>How settings are written as JSON: camelCase fields, kebab-case choices, unset fields as null.</summary>
public static class JsonText
{
    /// <summary>The conventions, for everything that is written beside settings; NaN is written by name, as a score may be undefined.</summary>
    public static JsonSerializerOptions Options { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower, allowIntegerValues: false) },
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        WriteIndented = true,
    };

    /// <summary>The same conventions on one line, for rows.</summary>
    public static JsonSerializerOptions Compact { get; } = new(Options) { WriteIndented = false };

    public static string Of<T>(T settings) => JsonSerializer.Serialize(settings, Options);

    /// <summary>The name of a choice in JSON: <c>LoraDrop</c> is <c>lora-drop</c>.</summary>
    public static string NameOf<T>(T choice) where T : struct, Enum => JsonNamingPolicy.KebabCaseLower.ConvertName(choice.ToString());
}
