using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using LoraDrop.Domain;

namespace LoraDrop.Api;

/// <summary>JSON options for responses: like settings (<see cref="JsonText"/>), but null and non-finite values are omitted.</summary>
public static class ApiJson
{
    /// <summary>For JSON written outside of responses, such as an event's data.</summary>
    public static JsonSerializerOptions Options { get; } = Configured(new JsonSerializerOptions(JsonSerializerDefaults.Web));

    public static JsonSerializerOptions Configured(JsonSerializerOptions options)
    {
        options.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower, allowIntegerValues: false));
        options.DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull;
        options.Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;   // responses are JSON, never embedded in HTML
        options.NumberHandling = JsonNumberHandling.Strict;
        options.TypeInfoResolver = JsonText.Options.TypeInfoResolver; // adds the section of a job's method
        return options;
    }

    /// <summary>The number, or null if it is not finite: JSON has no NaN.</summary>
    public static double? Finite(double? number) => number is { } value && double.IsFinite(value) ? value : null;

    /// <summary>The finite figures.</summary>
    public static IReadOnlyDictionary<string, double> Finite(IReadOnlyDictionary<string, double> figures) =>
        figures.Where(figure => double.IsFinite(figure.Value)).ToDictionary();
}
