using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using LoraDrop.Domain;

namespace LoraDrop.Api;

/// <summary>How answers are written: as settings are (<see cref="JsonText"/>), but what is not known is left out, and so are numbers that are none.</summary>
public static class ApiJson
{
    /// <summary>For what is written outside of answers, such as an event's data.</summary>
    public static JsonSerializerOptions Options { get; } = Configured(new JsonSerializerOptions(JsonSerializerDefaults.Web));

    public static JsonSerializerOptions Configured(JsonSerializerOptions options)
    {
        options.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower, allowIntegerValues: false));
        options.DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull;
        options.Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;   // answers are JSON, never part of a page
        options.NumberHandling = JsonNumberHandling.Strict;
        return options;
    }

    /// <summary>The number, or null where it is none: JSON has no NaN.</summary>
    public static double? Finite(double? number) => number is { } value && double.IsFinite(value) ? value : null;

    /// <summary>The figures that are numbers.</summary>
    public static IReadOnlyDictionary<string, double> Finite(IReadOnlyDictionary<string, double> figures) =>
        figures.Where(figure => double.IsFinite(figure.Value)).ToDictionary();
}
