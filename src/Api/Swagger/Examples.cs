using System.Text.Json.Nodes;

namespace LoraDrop.Api;

/// <summary>The examples of the documentation, from the folder Examples beside this file.</summary>
public static class Examples
{
    /// <summary>The names of all.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. typeof(Examples).Assembly.GetManifestResourceNames().Where(name => name.EndsWith(".json")).Order(StringComparer.Ordinal)];

    public static JsonNode Read(string name)
    {
        using var content = typeof(Examples).Assembly.GetManifestResourceStream(name) ?? throw new FileNotFoundException($"There is no example {name}.");
        return JsonNode.Parse(content)!;
    }
}
