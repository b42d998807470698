using System.Text.Json;
using System.Text.Json.Nodes;

namespace LoraDrop.Engine.Generation;

/// <summary>The tokens that end an answer according to a model folder's generation_config.json; none if there is no such file.</summary>
internal static class GenerationEnds
{
    public const string FileName = "generation_config.json";

    /// <summary>The generation_config.json that a serving engine needs to end answers: the base model's with more end tokens, or a new
    /// one.</summary>
    /// <param name="baseModel">The base model's folder; if it has no such file, one is created.</param>
    /// <param name="config">The model.</param>
    /// <param name="ends">The tokens that end the trained model's answers.</param>
    public static string Config(string baseModel, DecoderConfig config, IEnumerable<int> ends)
    {
        var file = Path.Combine(baseModel, FileName);
        var json = File.Exists(file) ? JsonNode.Parse(File.ReadAllText(file))!.AsObject() : new() { ["pad_token_id"] = config.PadId };
        int[] all = [.. Read(baseModel).Concat(config.EndIds).Concat(ends).Distinct()];
        if (all.Length > 0) json["eos_token_id"] = all.Length == 1 ? all[0] : new JsonArray([.. all.Select(id => (JsonNode)id)]);
        return json.ToJsonString(new JsonSerializerOptions { WriteIndented = true });
    }

    /// <exception cref="Domain.RefusedInputException">The file is not JSON.</exception>
    public static IReadOnlyList<int> Read(string folder)
    {
        var path = Path.Combine(folder, FileName);
        if (!File.Exists(path)) return [];
        var ends = JsonField.Read(path)["eos_token_id"];
        if (ends.IsAbsent) return [];
        return ends.Value.ValueKind == JsonValueKind.Array ? [.. ends.Items.Select(id => id.Number)] : [ends.Number];
    }
}
