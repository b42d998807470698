using System.Security.Cryptography;
using System.Text;
using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Weights;

/// <summary>A source of named weights for a model under construction.</summary>
public interface IWeights
{
    bool Contains(string name);

    /// <summary>The tensor with this name and shape.</summary>
    /// <exception cref="RefusedInputException">It is missing, contains NaN, or has another shape.</exception>
    Tensor Take(string name, params long[] shape);

    /// <summary>The same as a weight that can be made to learn.</summary>
    /// <exception cref="RefusedInputException">As for <see cref="Take"/>.</exception>
    Parameter TakeParameter(string name, params long[] shape) => new(name, Take(name, shape));

    /// <summary>The weight of a frozen linear layer (k, d), in its storage format.</summary>
    /// <exception cref="RefusedInputException">As for <see cref="Take"/>.</exception>
    FrozenMatrix TakeMatrix(string name, long k, long d) => new FloatMatrix(TakeParameter(name, k, d));

    /// <summary>The stored shape of a tensor.</summary>
    long[] ShapeOf(string name);
}

/// <summary>A model in the hub's format: config.json with model.safetensors, or with shards and an index.</summary>
public sealed class ModelFolder : IWeights, IDisposable
{
    private readonly WeightFiles _files;
    private readonly ScalarType _type;
    private readonly Device _device;

    private ModelFolder(WeightFiles files, ScalarType type, Device device) => (_files, _type, _device) = (files, type, device);

    public string Path => _files.Path;

    public IReadOnlyCollection<string> Names => _files.Names;

    /// <summary>Opens the weights of a model folder.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="type">The element type of loaded weights.</param>
    /// <param name="device">Their device.</param>
    /// <exception cref="RefusedInputException">There is no safetensors file, a shard is missing, or a file is damaged.</exception>
    public static ModelFolder Open(string path, ScalarType type, Device device) => new(WeightFiles.Open(path), type, device);

    /// <summary>The files of a model folder that a run reads, sorted by name: configuration, weights, and existing tokenizer
    /// files.</summary>
    /// <exception cref="RefusedInputException">There are no readable weights.</exception>
    public static IReadOnlyList<FileDigest> Files(string path)
    {
        using var weights = WeightFiles.Open(path);
        return [.. weights.Files.Concat(Tokenizer.FileNames).Append(ModelConfig.FileName).Order(StringComparer.Ordinal)
            .Select(name => (Name: name, File: new FileInfo(System.IO.Path.Combine(path, name)))).Where(found => found.File.Exists)
            .Select(found => new FileDigest(found.Name, found.File.Length, RunFolder.Sha256(found.File.FullName)))];
    }

    /// <summary>The digest of those files, to detect changes of a folder.</summary>
    public static string Digest(string path) => Digest(Files(path));

    /// <summary>Sha256 over lines "sha256  name", sorted: equals <c>sha256sum files | LC_ALL=C sort | sha256sum</c>.</summary>
    public static string Digest(IReadOnlyList<FileDigest> files) =>
        Convert.ToHexStringLower(SHA256.HashData(
            Encoding.UTF8.GetBytes(string.Concat(files.Select(file => $"{file.Sha256}  {file.Name}\n").Order(StringComparer.Ordinal)))));

    public bool Contains(string name) => _files.Find(name) is not null;

    public long[] ShapeOf(string name)
    {
        var (stored, file) = Stored(name);
        return file.ShapeOf(stored);
    }

    public Tensor Take(string name, params long[] shape)
    {
        if (_files.FaultOf(name, shape) is { } fault) throw new RefusedInputException([fault]);
        var (stored, file) = Stored(name);
        return file.ReadFinite(stored, _type, _device);
    }

    public void Dispose() => _files.Dispose();

    private (string Name, SafeTensorsFile File) Stored(string name) => _files.Find(name) ?? throw new KeyNotFoundException(name);
}
