using System.Security.Cryptography;
using System.Text;
using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Weights;

/// <summary>A source of named weights for a model under construction.</summary>
public interface IWeights
{
    bool Contains(string name);

    /// <summary>The tensor of this name and shape.</summary>
    /// <exception cref="RefusedInputException">It is missing, holds a NaN, or has another shape than the model asks for.</exception>
    Tensor Take(string name, params long[] shape);

    /// <summary>The weight of a frozen linear layer (k, d), in the format in which it is kept.</summary>
    /// <exception cref="RefusedInputException">As of <see cref="Take"/>.</exception>
    FrozenMatrix TakeMatrix(string name, long k, long d) => new FloatMatrix(Take(name, k, d));

    /// <summary>The shape under which a contained tensor is stored.</summary>
    long[] ShapeOf(string name);
}

/// <summary>A model as the hub publishes it: config.json beside model.safetensors, or beside shards with an index.</summary>
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
    /// <param name="type">The element type that weights are held in.</param>
    /// <param name="device">Where they are held.</param>
    /// <exception cref="RefusedInputException">No safetensors file, a shard missing, or a file that does not hold what it says.</exception>
    public static ModelFolder Open(string path, ScalarType type, Device device) => new(WeightFiles.Open(path), type, device);

    /// <summary>The files of a model folder that a run reads, sorted by name: configuration, weights, and the existing tokenizer
    /// files.</summary>
    /// <exception cref="RefusedInputException">There are no weights that could be read.</exception>
    public static IReadOnlyList<FileDigest> Files(string path)
    {
        using var weights = WeightFiles.Open(path);
        return [.. weights.Files.Concat(Tokenizer.FileNames).Append(ModelConfig.FileName).Order(StringComparer.Ordinal)
            .Select(name => (Name: name, File: new FileInfo(System.IO.Path.Combine(path, name)))).Where(found => found.File.Exists)
            .Select(found => new FileDigest(found.Name, found.File.Length, RunFolder.Sha256(found.File.FullName)))];
    }

    /// <summary>Tells whether a folder has changed: the digest of those files.</summary>
    public static string Digest(string path) => Digest(Files(path));

    /// <summary>Sha256 over lines "sha256  name", sorted: what <c>sha256sum files | LC_ALL=C sort | sha256sum</c> says.</summary>
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
