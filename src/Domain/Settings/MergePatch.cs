using System.Text.Json;

namespace LoraDrop.Domain;

/// <summary>Applies a JSON merge patch (RFC 7396): fields of the patch replace those of the document, objects are merged, and null removes
/// a field.</summary>
public static class MergePatch
{
    /// <summary>The patched document.</summary>
    /// <exception cref="RefusedInputException">The patch is not a JSON object, or contains a field twice.</exception>
    public static string Apply(string document, string patch)
    {
        using var changes = JsonFields.Parse(patch);
        if (changes.RootElement.ValueKind != JsonValueKind.Object)
            throw new RefusedInputException("line 1 column 1", "must be an object with the settings to change");
        using var original = JsonDocument.Parse(document);
        return Merged(original.RootElement, changes.RootElement, "");
    }

    private static string Merged(JsonElement? original, JsonElement patch, string path)
    {
        if (patch.ValueKind != JsonValueKind.Object) return patch.GetRawText();
        var fields = original is { ValueKind: JsonValueKind.Object } known
            ? known.EnumerateObject().ToDictionary(field => field.Name, field => (JsonElement?)field.Value)
            : [];
        var merged = fields.ToDictionary(field => field.Key, field => field.Value!.Value.GetRawText());
        var named = new HashSet<string>();
        foreach (var change in patch.EnumerateObject())
        {
            var name = NameOf(change, path);
            if (!named.Add(name)) throw new RefusedInputException(path.Length == 0 ? name : $"{path}.{name}", "is given twice");
            if (change.Value.ValueKind == JsonValueKind.Null) merged.Remove(name);
            else merged[name] = Merged(fields.GetValueOrDefault(name), change.Value, path.Length == 0 ? name : $"{path}.{name}");
        }
        return $"{{{string.Join(',', merged.Select(field => $"{JsonSerializer.Serialize(field.Key)}:{field.Value}"))}}}";
    }

    private static string NameOf(JsonProperty field, string path)
    {
        try
        {
            return field.Name;
        }
        catch (InvalidOperationException) // an escape such as \ud800 is valid JSON, but not a character
        {
            throw new RefusedInputException(path.Length == 0 ? "?" : path, "has a name that contains half of a surrogate pair");
        }
    }
}
