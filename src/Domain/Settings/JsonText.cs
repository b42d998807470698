using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace LoraDrop.Domain;

/// <summary>JSON options for settings: camelCase fields, kebab-case enums, unset fields as null.</summary>
public static class JsonText
{
    /// <summary>The options, also for other files; NaN is written by name, since a score may be undefined.</summary>
    public static JsonSerializerOptions Options { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower, allowIntegerValues: false) },
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        WriteIndented = true,
        TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { Methods.JsonSections } },
    };

    /// <summary>The same options on one line, for database rows.</summary>
    public static JsonSerializerOptions Compact { get; } = new(Options) { WriteIndented = false };

    public static string Of<T>(T settings) => JsonSerializer.Serialize(settings, Options);

    /// <summary>The JSON name of an enum value: <c>LoraDrop</c> is <c>lora-drop</c>.</summary>
    public static string NameOf<T>(T choice) where T : struct, Enum => JsonNamingPolicy.KebabCaseLower.ConvertName(choice.ToString());
}
