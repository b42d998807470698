using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LoraDrop.Api.Web;

/// <summary>A request as JSON that a form changes field by field.</summary>
internal static class RequestText
{
    public static readonly JsonSerializerOptions Indented = new(ApiJson.Options) { WriteIndented = true };

    /// <summary>The value at a dotted path, as a field shows it; empty if there is none.</summary>
    public static string Get(JsonNode? request, string path)
    {
        foreach (var name in path.Split('.')) request = (request as JsonObject)?[name];
        return request switch
        {
            null => "",
            JsonArray list => string.Join(", ", list.Select(item => item?.ToString())),
            JsonValue value => value.GetValueKind() switch
            {
                JsonValueKind.True => "true", JsonValueKind.False => "false", _ => value.ToString(),
            },
            _ => request.ToJsonString(ApiJson.Options),
        };
    }

    /// <summary>Sets a value as it was entered; an empty one takes the setting out, which gives it its default.</summary>
    public static void Set(JsonObject request, string path, FieldKind kind, string? entered)
    {
        var names = path.Split('.');
        var at = request;
        foreach (var name in names[..^1])
        {
            if (at[name] is not JsonObject inner)
            {
                if (string.IsNullOrWhiteSpace(entered)) return;
                at[name] = inner = [];
            }
            at = inner;
        }
        if (string.IsNullOrWhiteSpace(entered)) at.Remove(names[^1]);
        else at[names[^1]] = Value(kind, entered.Trim());
        Prune(request, names[..^1]);
    }

    /// <summary>What leads from one object to another as a merge patch (RFC 7396).</summary>
    public static JsonObject Patch(JsonObject from, JsonObject to)
    {
        var patch = new JsonObject();
        foreach (var (name, _) in from)
            if (!to.ContainsKey(name)) patch[name] = null;
        foreach (var (name, value) in to)
            if (value is JsonObject after && from[name] is JsonObject before)
            {
                if (Patch(before, after) is { Count: > 0 } inner) patch[name] = inner;
            }
            else if (!JsonNode.DeepEquals(value, from[name])) patch[name] = value?.DeepClone();
        return patch;
    }

    /// <summary>A number or truth value where the field has one; else the text itself, which the service refuses with its reason.</summary>
    private static JsonNode Value(FieldKind kind, string entered) => kind switch
    {
        FieldKind.List => new JsonArray([.. entered.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(item => (JsonNode)item)]),
        FieldKind.YesOrNo when bool.TryParse(entered, out var yes) => yes,
        FieldKind.Number or FieldKind.NumberOrWord
            when long.TryParse(entered, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) => whole,
        FieldKind.Number or FieldKind.NumberOrWord when double.TryParse(entered, CultureInfo.InvariantCulture, out var number)
            && double.IsFinite(number) => number,
        _ => entered,
    };

    private static void Prune(JsonObject request, string[] names)
    {
        for (var depth = names.Length; depth > 0; depth--)
        {
            var at = request;
            foreach (var name in names[..(depth - 1)]) at = at?[name] as JsonObject;
            if (at?[names[depth - 1]] is JsonObject { Count: 0 }) at.Remove(names[depth - 1]);
        }
    }
}
