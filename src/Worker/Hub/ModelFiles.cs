using System.Text.Json;
using LoraDrop.Domain;

namespace LoraDrop.Worker;

/// <summary>The file names of a published model, in a hub repository or a bucket folder.</summary>
/// <param name="Name">Display name.</param>
/// <param name="Path">The path in the request to which faults refer.</param>
/// <param name="Files">The names of all files.</param>
/// <param name="Instead">What to do if the weights are a pickle.</param>
internal sealed record PublishedFiles(string Name, string Path, IReadOnlySet<string> Files, string Instead)
{
    public RefusedInputException Refused(string message) => new(Path, message);
}

/// <summary>Selects the files of a model to fetch: only configuration, tokenizer and safetensors.</summary>
internal static class ModelFiles
{
    private const string Weights = "model.safetensors";
    private const string Index = "model.safetensors.index.json";

    private static readonly string[] Always = [ModelConfig.FileName, .. Tokenizer.FileNames];

    /// <summary>The names of a model's files.</summary>
    /// <param name="published">Where it is.</param>
    /// <param name="open">Fetches a small file and returns its local path.</param>
    /// <exception cref="RefusedInputException">The model is not supported; contains every reason.</exception>
    public static async Task<IReadOnlyList<string>> ChooseAsync(PublishedFiles published, Func<string, Task<string>> open)
    {
        var faults = Faults(published).Select(message => new Fault(published.Path, message)).ToArray();
        if (faults.Length > 0) throw new RefusedInputException(faults);
        var chosen = Always.Where(published.Files.Contains).ToList();
        if (published.Files.Contains(Weights)) chosen.Add(Weights);
        else chosen.AddRange([Index, .. Shards(published, await File.ReadAllBytesAsync(await open(Index)))]);
        return chosen;
    }

    private static IEnumerable<string> Faults(PublishedFiles published)
    {
        var name = published.Name;
        bool Has(string file) => published.Files.Contains(file);

        if (!Has("config.json")) yield return $"{name} has no config.json, which describes the model";
        if (!Tokenizer.IsAmong(published.Files))
            yield return $"{name} has no supported tokenizer: tokenizer.json, or a SentencePiece model (tokenizer.model, "
                + "sentencepiece.bpe.model, …), or vocab.json and merges.txt, or vocab.txt";
        if (Has(Weights) || Has(Index)) yield break;
        var pickles = published.Files.Where(IsPickle).Order(StringComparer.Ordinal).ToArray();
        yield return pickles.Length > 0
            ? $"{name} has its weights only as a Python pickle ({Some(pickles)}), which can run code when loaded and is never fetched. "
                + published.Instead
            : $"{name} has no {Weights}, nor {Index} with its shards";
    }

    /// <summary>The shards listed in an index.</summary>
    private static IEnumerable<string> Shards(PublishedFiles published, byte[] index) =>
        ShardNames(published, index).Select(name => Shard(published, name));

    private static string[] ShardNames(PublishedFiles published, byte[] index)
    {
        try
        {
            using var json = JsonDocument.Parse(index);
            var fileOf = json.RootElement.GetProperty("weight_map").EnumerateObject();
            return [.. fileOf.Select(tensor => tensor.Value.GetString() ?? "").Distinct().Order(StringComparer.Ordinal)];
        }
        catch (Exception malformed) when (malformed is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw published.Refused($"{Index} of {published.Name} is not an index of shards ({malformed.Message})");
        }
    }

    /// <summary>Validates a shard's name: it must be next to its index.</summary>
    private static string Shard(PublishedFiles published, string name)
    {
        if (name.AsSpan().ContainsAny('/', '\\') || !name.EndsWith(".safetensors", StringComparison.Ordinal))
            throw published.Refused($"{Index} of {published.Name} lists '{name}', which is not a safetensors file next to it");
        if (!name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-')) // it becomes a part of an object's key
            throw published.Refused(
                $"{Index} of {published.Name} lists '{name}'; shard names may contain only a-z, A-Z, 0-9, '.', '_' and '-'");
        return published.Files.Contains(name)
            ? name
            : throw published.Refused($"{Index} of {published.Name} lists '{name}', which does not exist");
    }

    private static bool IsPickle(string path) => !path.Contains('/') && Path.GetExtension(path) is ".bin" or ".pt" or ".pth" or ".ckpt";

    private static string Some(string[] names) => string.Join(", ", names.Take(3)) + (names.Length > 3 ? ", …" : "");
}
