using System.Text.Json.Nodes;

namespace LoraDrop.Api;

/// <summary>Examples of the OpenAPI document, from the folder Examples.</summary>
public static class Examples
{
    /// <summary>The names of all examples.</summary>
    public static IReadOnlyList<string> Names { get; } =
        [.. typeof(Examples).Assembly.GetManifestResourceNames().Where(name => name.EndsWith(".json")).Order(StringComparer.Ordinal)];

    public static JsonNode Read(string name)
    {
        using var content = typeof(Examples).Assembly.GetManifestResourceStream(name)
            ?? throw new FileNotFoundException($"Example {name} not found.");
        return JsonNode.Parse(content)!;
    }
}
