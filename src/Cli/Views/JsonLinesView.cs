using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace LoraDrop.Cli;

/// <summary>Writes every event as one JSON line, for scripts.</summary>
internal sealed class JsonLinesView(TextWriter to) : IRunView
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower), new FiniteOrNull() },
    };

    public void Report(RunEvent happened)
    {
        to.WriteLine(Line(happened));
        to.Flush();
    }

    /// <summary>Serializes a value as one line of JSON, by the same conventions.</summary>
    public static string Line<T>(T value) => JsonSerializer.Serialize(value, Options);

    public void Dispose() { }

    /// <summary>JSON has no NaN or infinity: a diverged loss is null.</summary>
    private sealed class FiniteOrNull : JsonConverter<double>
    {
        public override double Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) => reader.GetDouble();

        public override void Write(Utf8JsonWriter writer, double value, JsonSerializerOptions options)
        {
            if (double.IsFinite(value)) writer.WriteNumberValue(value);
            else writer.WriteNullValue();
        }
    }
}
