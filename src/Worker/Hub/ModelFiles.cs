using System.Text.Json;
using LoraDrop.Domain;

namespace LoraDrop.Worker;

/// <summary>Which files of a model repository are fetched: configuration, tokenizer and safetensors, and never anything else.</summary>
internal static class ModelFiles
{
    private const string Weights = "model.safetensors";
    private const string Index = "model.safetensors.index.json";

    private static readonly string[] Always =
        ["config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt", "vocab.json", "merges.txt", "added_tokens.json"];

    /// <summary>The files of a model, each under its own name.</summary>
    /// <param name="repository">Where it is published.</param>
    /// <param name="open">Fetches a small file and tells where it lies.</param>
    /// <exception cref="RefusedInputException">It is no model that can be used, with every reason.</exception>
    public static async Task<IReadOnlyList<ChosenFile>> ChooseAsync(HubRepository repository, Func<RepositoryFile, Task<string>> open)
    {
        var faults = Faults(repository).Select(message => new Fault(repository.Path, message)).ToArray();
        if (faults.Length > 0) throw new RefusedInputException(faults);
        var chosen = Always.Select(repository.Find).OfType<RepositoryFile>().ToList();
        if (repository.Find(Weights) is { } single) chosen.Add(single);
        else chosen.AddRange(await ShardsAsync(repository, repository.Find(Index)!, open));
        return [.. chosen.Select(file => new ChosenFile(file, file.Path))];
    }

    private static IEnumerable<string> Faults(HubRepository repository)
    {
        var name = repository.Address.Name;
        bool Has(string file) => repository.Find(file) is not null;

        if (!Has("config.json")) yield return $"{name} has no config.json, which says what model it is";
        if (!Has("tokenizer.json") && !Has("vocab.txt") && !(Has("vocab.json") && Has("merges.txt")))
            yield return $"{name} has no tokenizer that can be read: tokenizer.json, or vocab.json and merges.txt, or vocab.txt";
        if (Has(Weights) || Has(Index)) yield break;
        var pickles = repository.Files.Select(file => file.Path).Where(IsPickle).ToArray();
        yield return pickles.Length > 0
            ? $"{name} has its weights as a Python pickle only ({Some(pickles)}), which can run code when it is read and is never fetched. "
                + $"Look for a revision with {Weights}, often @refs/pr/1, or convert it"
            : $"{name} has no {Weights}, nor {Index} with its shards";
    }

    /// <summary>The index and the files that it names.</summary>
    private static async Task<IEnumerable<RepositoryFile>> ShardsAsync(HubRepository repository, RepositoryFile index, Func<RepositoryFile, Task<string>> open)
    {
        var names = ShardNames(repository, await File.ReadAllBytesAsync(await open(index)));
        return names.Select(name => Shard(repository, name)).Prepend(index);
    }

    private static string[] ShardNames(HubRepository repository, byte[] index)
    {
        try
        {
            using var json = JsonDocument.Parse(index);
            var fileOf = json.RootElement.GetProperty("weight_map").EnumerateObject();
            return [.. fileOf.Select(tensor => tensor.Value.GetString() ?? "").Distinct().Order(StringComparer.Ordinal)];
        }
        catch (Exception malformed) when (malformed is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw repository.Refused($"{Index} of {repository.Address.Name} is not an index of shards ({malformed.Message})");
        }
    }

    /// <summary>A shard lies beside its index: a name that leads elsewhere is refused before it is looked for.</summary>
    private static RepositoryFile Shard(HubRepository repository, string name)
    {
        if (name.AsSpan().ContainsAny('/', '\\') || !name.EndsWith(".safetensors", StringComparison.Ordinal))
            throw repository.Refused($"{Index} of {repository.Address.Name} names '{name}', which is not a safetensors file beside it");
        return repository.Find(name) ?? throw repository.Refused($"{Index} of {repository.Address.Name} names '{name}', which is not there");
    }

    private static bool IsPickle(string path) => !path.Contains('/') && Path.GetExtension(path) is ".bin" or ".pt" or ".pth" or ".ckpt";

    private static string Some(string[] names) => string.Join(", ", names.Take(3)) + (names.Length > 3 ? ", …" : "");
}
