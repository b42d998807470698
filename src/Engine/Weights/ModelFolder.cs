using System.Text.Json;
using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine;

/// <summary>A source of named weights for a model under construction.</summary>
public interface IWeights
{
    bool Contains(string name);

    /// <summary>The tensor of this name and shape.</summary>
    /// <exception cref="RefusedInputException">It is missing or has another shape than the configuration asks for.</exception>
    Tensor Take(string name, params long[] shape);

    /// <summary>The shape under which a contained tensor is stored.</summary>
    long[] ShapeOf(string name);
}

/// <summary>A model as the hub publishes it: config.json beside model.safetensors, or beside shards with an index.</summary>
public sealed class ModelFolder : IWeights, IDisposable
{
    private const string Single = "model.safetensors";
    private const string Index = "model.safetensors.index.json";

    private readonly Dictionary<string, SafeTensorsFile> _fileOf;
    private readonly ScalarType _type;
    private readonly Device _device;

    private ModelFolder(string path, Dictionary<string, SafeTensorsFile> fileOf, ScalarType type, Device device)
    {
        (Path, _fileOf, _type, _device) = (path, fileOf, type, device);
    }

    public string Path { get; }

    public IReadOnlyCollection<string> Names => _fileOf.Keys;

    /// <summary>Opens the weights of a model folder.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="type">The element type that weights are held in.</param>
    /// <param name="device">Where they are held.</param>
    /// <exception cref="RefusedInputException">No safetensors file, a shard missing, or a file that does not hold what it says.</exception>
    public static ModelFolder Open(string path, ScalarType type, Device device)
    {
        if (!Directory.Exists(path)) throw new RefusedInputException(path, "there is no such folder. A model is a folder with config.json, model.safetensors and the tokenizer's files.");
        var single = System.IO.Path.Combine(path, Single);
        if (File.Exists(single))
        {
            var file = SafeTensorsFile.Open(single);
            return new(path, file.Names.ToDictionary(name => name, _ => file), type, device);
        }
        if (File.Exists(System.IO.Path.Combine(path, Index))) return new(path, Shards(path), type, device);
        var pickles = Directory.EnumerateFiles(path).Select(System.IO.Path.GetFileName).Where(IsPickle).ToArray();
        throw new RefusedInputException(path, pickles.Length > 0
            ? $"the weights are a Python pickle only ({string.Join(", ", pickles)}), which can run code when read and is never opened here. Save the model as safetensors (save_pretrained with safe_serialization=True)."
            : $"there is no {Single} (nor {Index} with its shards) in this folder.");
    }

    public bool Contains(string name) => Stored(name) is not null;

    /// <summary>What a contained tensor is called in this folder.</summary>
    public string StoredName(string name) => Stored(name) ?? throw new KeyNotFoundException(name);

    public long[] ShapeOf(string name) => _fileOf[Stored(name)!].ShapeOf(Stored(name)!);

    public Tensor Take(string name, params long[] shape)
    {
        var stored = Stored(name) ?? throw new RefusedInputException(Path, $"the weights lack '{name}', which the configuration asks for");
        var file = _fileOf[stored];
        var found = file.ShapeOf(stored);
        if (!found.SequenceEqual(shape))
            throw new RefusedInputException(file.Path, $"tensor '{stored}' has shape [{string.Join(", ", found)}], but config.json asks for [{string.Join(", ", shape)}]");
        return file.Read(stored, _type, _device);
    }

    public void Dispose()
    {
        foreach (var file in _fileOf.Values.Distinct()) file.Dispose();
    }

    /// <summary>The name under which a tensor is stored: TensorFlow-born checkpoints call LayerNorm's weight and bias gamma and beta,
    /// and a bare encoder (AutoModel) is saved without the model's prefix.</summary>
    private string? Stored(string name) => Spellings(name).FirstOrDefault(_fileOf.ContainsKey);

    private static IEnumerable<string> Spellings(string name)
    {
        foreach (var spelling in (string[])[name, name[(name.IndexOf('.') + 1)..]])
        {
            yield return spelling;
            yield return spelling.Replace("LayerNorm.weight", "LayerNorm.gamma").Replace("LayerNorm.bias", "LayerNorm.beta");
        }
    }

    private static bool IsPickle(string? name) => name is not null && (name.EndsWith(".bin") || name.EndsWith(".pt") || name.EndsWith(".pth") || name.EndsWith(".ckpt"));

    private static Dictionary<string, SafeTensorsFile> Shards(string folder)
    {
        var index = System.IO.Path.Combine(folder, Index);
        var map = ReadMap(index);
        var files = map.Values.Distinct().ToDictionary(name => name, name =>
            name == System.IO.Path.GetFileName(name)
                ? SafeTensorsFile.Open(System.IO.Path.Combine(folder, name))
                : throw new RefusedInputException(index, $"'{name}' is not the name of a file in this folder"));
        foreach (var (tensor, file) in map)
            if (!files[file].Contains(tensor)) throw new RefusedInputException(index, $"says that '{tensor}' is in {file}, which does not hold it");
        return map.ToDictionary(entry => entry.Key, entry => files[entry.Value]);
    }

    private static Dictionary<string, string> ReadMap(string index)
    {
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(index), new JsonDocumentOptions { AllowDuplicateProperties = false });
            return json.RootElement.GetProperty("weight_map").EnumerateObject().ToDictionary(p => p.Name, p => p.Value.GetString() ?? throw new JsonException($"'{p.Name}' is in no file"));
        }
        catch (Exception malformed) when (malformed is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new RefusedInputException(index, $"is not an index of shards ({malformed.Message})");
        }
    }
}
