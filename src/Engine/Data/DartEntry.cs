using System.Text.Json;

namespace LoraDrop.Engine.Data;

/// <summary>An entry of DART (Nan et al. 2021): a set of triples, and human-written texts for it. Each text is a row with the columns
/// <c>triples</c>, <c>text</c> and <c>source</c>.</summary>
internal static class DartEntry
{
    public static bool Is(JsonElement item) => item.TryGetProperty("tripleset", out _) && item.TryGetProperty("annotations", out _);

    /// <param name="item">The entry.</param>
    /// <param name="place">Its place in the file.</param>
    /// <param name="faults">Receives its faults.</param>
    public static IEnumerable<JsonElement> Rows(JsonElement item, string place, DataFaults faults)
    {
        if (TriplesOf(item.GetProperty("tripleset")) is not { } triples)
        {
            faults.Add($"{place} tripleset", "must be a list of triples, each of three texts");
            yield break;
        }
        if (item.GetProperty("annotations") is not { ValueKind: JsonValueKind.Array } annotations)
        {
            faults.Add($"{place} annotations", "must be a list");
            yield break;
        }
        foreach (var (i, annotation) in annotations.EnumerateArray().Index())
        {
            if (annotation.ValueKind == JsonValueKind.Object && annotation.TryGetProperty("text", out var none)
                && none.ValueKind == JsonValueKind.Null)
                continue; // the published test file has one
            if (TextIn(annotation, "text") is not { } text) faults.Add($"{place} annotations[{i}].text", "must be a text");
            else yield return JsonSerializer.SerializeToElement(new { triples, text, source = TextIn(annotation, "source") ?? "" });
        }
    }

    /// <summary>Linearised as by Hu et al. 2021 for GPT-2: <c>subject : predicate : object | …</c>.</summary>
    private static string? TriplesOf(JsonElement set)
    {
        if (set.ValueKind != JsonValueKind.Array) return null;
        string?[] triples = [.. set.EnumerateArray().Select(triple => triple.ValueKind == JsonValueKind.Array
            && triple.GetArrayLength() == 3 && triple.EnumerateArray().All(part => part.ValueKind == JsonValueKind.String)
            ? string.Join(" : ", triple.EnumerateArray().Select(part => part.GetString())) : null)];
        return triples.Contains(null) ? null : string.Join(" | ", triples);
    }

    private static string? TextIn(JsonElement item, string name) =>
        item.ValueKind == JsonValueKind.Object && item.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;
}
