using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace LoraDrop.Domain;

/// <summary>How settings are written as JSON: camelCase fields, kebab-case choices, unset fields as null.</summary>
internal static class JsonText
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower, allowIntegerValues: false) },
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        WriteIndented = true,
    };

    public static string Of<T>(T settings) => JsonSerializer.Serialize(settings, Options);

    /// <summary>The name of a choice in JSON: <c>LoraDrop</c> is <c>lora-drop</c>.</summary>
    public static string NameOf<T>(T choice) where T : struct, Enum => JsonNamingPolicy.KebabCaseLower.ConvertName(choice.ToString());
}
