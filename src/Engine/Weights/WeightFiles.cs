using System.Text.Json;
using LoraDrop.Domain;

namespace LoraDrop.Engine.Weights;

/// <summary>The safetensors files of a model folder: each tensor's name, file and shape. Does not need torch.</summary>
public sealed class WeightFiles : IDisposable
{
    private const string Single = "model.safetensors";
    private const string Index = "model.safetensors.index.json";

    private readonly Dictionary<string, SafeTensorsFile> _fileOf;

    private WeightFiles(string path, Dictionary<string, SafeTensorsFile> fileOf) => (Path, _fileOf) = (path, fileOf);

    public string Path { get; }

    public IReadOnlyCollection<string> Names => _fileOf.Keys;

    /// <summary>The files' names, including the index of shards.</summary>
    public IEnumerable<string> Files => [.. _fileOf.Values.Select(file => System.IO.Path.GetFileName(file.Path)).Distinct(),
        .. File.Exists(System.IO.Path.Combine(Path, Single)) ? (string[])[] : [Index]];

    /// <summary>Opens the weights of a model folder and reads their headers.</summary>
    /// <exception cref="RefusedInputException">There is no safetensors file, a shard is missing, or a file is damaged.</exception>
    public static WeightFiles Open(string path)
    {
        if (!Directory.Exists(path))
            throw new RefusedInputException(path,
                "folder not found. A model is a folder with config.json, model.safetensors and the tokenizer's files.");
        GitLfsPointer.RefuseIn(path, Directory.EnumerateFiles(path, "model*.safetensors").Append(System.IO.Path.Combine(path, Index)));
        var single = System.IO.Path.Combine(path, Single);
        if (File.Exists(single))
        {
            var file = SafeTensorsFile.Open(single);
            return new(path, file.Names.ToDictionary(name => name, _ => file));
        }
        if (File.Exists(System.IO.Path.Combine(path, Index))) return new(path, Shards(path));
        var pickles = Directory.EnumerateFiles(path).Select(System.IO.Path.GetFileName).Where(IsPickle).ToArray();
        throw new RefusedInputException(path, pickles.Length > 0
            ? $"the weights are a Python pickle only ({string.Join(", ", pickles)}), which can run code when read "
            + "and is never opened here. Save the model as safetensors (save_pretrained with " + "safe_serialization=True)."
            : $"there is no {Single} (nor {Index} with its shards) in this folder.");
    }

    /// <summary>A tensor's name in this folder and the file that holds it, or null.</summary>
    /// <remarks>Checkpoints converted from TensorFlow call LayerNorm's weight and bias gamma and beta, and a bare encoder (AutoModel) is
    /// saved without the model's prefix.</remarks>
    public (string Name, SafeTensorsFile File)? Find(string name) =>
        Spellings(name).FirstOrDefault(_fileOf.ContainsKey) is { } stored ? (stored, _fileOf[stored]) : null;

    /// <summary>Why a tensor cannot be used: it is missing, or its shape differs from the configuration; or null.</summary>
    public Fault? FaultOf(string name, IReadOnlyList<long> shape)
    {
        if (Find(name) is not var (stored, file)) return new(Path, $"the weights lack '{name}', which the configuration asks for");
        var found = file.ShapeOf(stored);
        return found.SequenceEqual(shape)
            ? null
            : new(file.Path,
            $"tensor '{stored}' has shape [{string.Join(", ", found)}], but config.json asks for [{string.Join(", ", shape)}]");
    }

    /// <summary>The first NaN or infinite number of a tensor; null if there is none, or no such tensor.</summary>
    public Fault? NotFinite(string name) => Find(name) is var (stored, file) ? file.NotFinite(stored) : null;

    public void Dispose()
    {
        foreach (var file in _fileOf.Values.Distinct()) file.Dispose();
    }

    private static IEnumerable<string> Spellings(string name)
    {
        foreach (var spelling in (string[])[name, name[(name.IndexOf('.') + 1)..]])
        {
            yield return spelling;
            yield return spelling.Replace("LayerNorm.weight", "LayerNorm.gamma").Replace("LayerNorm.bias", "LayerNorm.beta");
        }
    }

    private static bool IsPickle(string? name) =>
        name is not null && (name.EndsWith(".bin") || name.EndsWith(".pt") || name.EndsWith(".pth") || name.EndsWith(".ckpt"));

    private static Dictionary<string, SafeTensorsFile> Shards(string folder)
    {
        var index = System.IO.Path.Combine(folder, Index);
        var map = ReadMap(index);
        var files = map.Values.Distinct().ToDictionary(name => name, name =>
            name == System.IO.Path.GetFileName(name)
                ? SafeTensorsFile.Open(System.IO.Path.Combine(folder, name))
                : throw new RefusedInputException(index, $"'{name}' is not the name of a file in this folder"));
        foreach (var (tensor, file) in map)
            if (!files[file].Contains(tensor))
                throw new RefusedInputException(index, $"says that '{tensor}' is in {file}, which does not hold it");
        return map.ToDictionary(entry => entry.Key, entry => files[entry.Value]);
    }

    private static Dictionary<string, string> ReadMap(string index)
    {
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(index));
            var entries = json.RootElement.GetProperty("weight_map").EnumerateObject()
                .Select(p => (p.Name, File: p.Value.GetString() ?? throw new JsonException($"'{p.Name}' is in no file"))).ToArray();
            foreach (var twice in entries.GroupBy(entry => entry.Name).Where(group => group.Count() > 1))
                throw new RefusedInputException(index,
                    $"names '{twice.Key}' more than once: in {string.Join(" and in ", twice.Select(entry => entry.File))}");
            return entries.ToDictionary(entry => entry.Name, entry => entry.File);
        }
        catch (Exception malformed) when (malformed is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new RefusedInputException(index, $"is not an index of shards ({malformed.Message})");
        }
    }
}
