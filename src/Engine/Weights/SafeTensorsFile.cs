using System.IO.MemoryMappedFiles;
using System.Text.Json;
using LoraDrop.Domain;
using TorchSharp;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Weights;

/// <summary>A memory-mapped safetensors file; the whole header is validated before any tensor is read.</summary>
/// <remarks>Format: 8-byte little-endian header length N, N bytes of JSON, then the data, row-major and little-endian
/// (huggingface/safetensors, "Format"). The tensors' data must fill the rest of the file without overlaps or gaps.</remarks>
public sealed class SafeTensorsFile : IDisposable
{
    private const long LargestHeader = 100_000_000; // the format's own limit
    private const long Piece = 1 << 30;             // a span holds at most 2 GiB, so larger tensors are copied row-wise

    private static readonly Dictionary<string, (ScalarType Type, int Size)> DataTypes = new()
    {
        ["F64"] = (ScalarType.Float64, 8), ["F32"] = (ScalarType.Float32, 4), ["F16"] = (ScalarType.Float16, 2),
        ["BF16"] = (ScalarType.BFloat16, 2),
        ["I64"] = (ScalarType.Int64, 8), ["I32"] = (ScalarType.Int32, 4), ["I16"] = (ScalarType.Int16, 2), ["I8"] = (ScalarType.Int8, 1),
        ["U8"] = (ScalarType.Byte, 1), ["BOOL"] = (ScalarType.Bool, 1),
    };

    private readonly MemoryMappedFile _map;
    private readonly Dictionary<string, Entry> _tensors;

    private SafeTensorsFile(string path, MemoryMappedFile map, Dictionary<string, Entry> tensors, Dictionary<string, string> metadata)
    {
        (Path, _map, _tensors, Metadata) = (path, map, tensors, metadata);
    }

    /// <summary>One tensor's place in the file.</summary>
    private sealed record Entry(string Name, string TypeName, ScalarType Type, long[] Shape, long Begin, long Length);

    public string Path { get; }

    /// <summary>The header's <c>__metadata__</c>; may be empty.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    public IReadOnlyCollection<string> Names => _tensors.Keys;

    /// <summary>Opens and validates a file.</summary>
    /// <exception cref="RefusedInputException">It is missing, truncated, or does not match its header; the fault names file and
    /// tensor.</exception>
    public static SafeTensorsFile Open(string path)
    {
        if (!File.Exists(path)) throw new RefusedInputException(path, "file not found");
        if (GitLfsPointer.Is(path)) throw new RefusedInputException(path, GitLfsPointer.Message);
        using var stream = File.OpenRead(path);
        var (header, start) = ReadHeader(path, stream);
        var (tensors, metadata) = ParseHeader(path, header, start);
        CheckLayout(path, tensors.Values, start, stream.Length);
        var map = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
        return new(path, map, tensors, metadata);
    }

    public bool Contains(string name) => _tensors.ContainsKey(name);

    public long[] ShapeOf(string name) => [.. _tensors[name].Shape];

    /// <summary>The element type by its name in the format: F32, BF16, ….</summary>
    public string TypeOf(string name) => _tensors[name].TypeName;

    internal ScalarType ScalarTypeOf(string name) => _tensors[name].Type;

    /// <summary>A copy of a tensor on a device; mapped pages are released as soon as they are copied.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="type">The element type; null: as stored.</param>
    /// <param name="device">The device; null: CPU.</param>
    public Tensor Read(string name, ScalarType? type = null, Device? device = null)
    {
        var entry = _tensors[name];
        using var scope = NewDisposeScope();
        var tensor = torch.empty(entry.Shape, dtype: entry.Type);
        if (entry.Length > 0) CopyTo(tensor, entry);
        return tensor.to(type ?? entry.Type, device ?? CPU).MoveToOuterDisposeScope();
    }

    /// <summary>As <see cref="Read"/>, for a tensor whose numbers must all be finite: one NaN spoils all weights.</summary>
    /// <exception cref="RefusedInputException">One is NaN or infinite; the fault names tensor and index.</exception>
    public Tensor ReadFinite(string name, ScalarType? type = null, Device? device = null) =>
        NotFinite(name) is { } fault ? throw new RefusedInputException([fault]) : Read(name, type, device);

    /// <summary>The first NaN or infinite number of a tensor, as a fault, or null.</summary>
    public unsafe Fault? NotFinite(string name)
    {
        var entry = _tensors[name];
        if (entry.Length == 0) return null;
        using var view = _map.CreateViewAccessor(entry.Begin, entry.Length, MemoryMappedFileAccess.Read);
        byte* source = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref source);
        try
        {
            source += view.PointerOffset;
            for (long from = 0; from < entry.Length; from += Piece)
            {
                var size = DataTypes[entry.TypeName].Size;
                var found = FiniteNumbers.FirstOther(new(source + from, (int)Math.Min(Piece, entry.Length - from)), entry.TypeName);
                if (found < 0) continue;
                var place = PlaceOf(from / size + found, entry.Shape);
                return new(Path, $"tensor '{name}' holds a number that is NaN or infinite, at {place}: the file is damaged, or was saved "
                    + "after training had diverged. Fetch it again, or take an earlier checkpoint.");
            }
            return null;
        }
        finally
        {
            view.SafeMemoryMappedViewHandle.ReleasePointer();
        }
    }

    public void Dispose() => _map.Dispose();

    /// <summary>The indices of a number at a row-major offset: <c>[3, 17]</c>.</summary>
    private static string PlaceOf(long place, long[] shape)
    {
        var indices = new long[shape.Length];
        for (var axis = shape.Length - 1; axis >= 0; axis--) (place, indices[axis]) = Math.DivRem(place, shape[axis]);
        return $"[{string.Join(", ", indices)}]";
    }

    private unsafe void CopyTo(Tensor tensor, Entry entry)
    {
        using var view = _map.CreateViewAccessor(entry.Begin, entry.Length, MemoryMappedFileAccess.Read);
        byte* source = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref source);
        try
        {
            source += view.PointerOffset;
            var rows = entry.Shape.Length == 0 ? 1 : entry.Shape[0];
            var rowBytes = entry.Length / rows;
            var step = Math.Max(1, Piece / rowBytes);
            for (long row = 0; row < rows; row += step)
            {
                var count = Math.Min(step, rows - row);
                using var part = entry.Shape.Length == 0 ? tensor.alias() : tensor.narrow(0, row, count);
                new ReadOnlySpan<byte>(source + row * rowBytes, checked((int)(count * rowBytes))).CopyTo(part.bytes);
            }
        }
        finally
        {
            view.SafeMemoryMappedViewHandle.ReleasePointer();
        }
    }

    private static (byte[] Header, long Start) ReadHeader(string path, FileStream stream)
    {
        Span<byte> prefix = stackalloc byte[8];
        if (stream.ReadAtLeast(prefix, 8, throwOnEndOfStream: false) < 8)
            throw new RefusedInputException(path, "not a safetensors file: shorter than its 8-byte header length");
        var length = BitConverter.ToUInt64(prefix);
        if (length is < 2 or > LargestHeader)
            throw new RefusedInputException(path, $"not a safetensors file: a header of {length} bytes is announced");
        if ((long)length > stream.Length - 8)
            throw new RefusedInputException(path,
                $"the file is cut short: its header needs {length} bytes, {stream.Length - 8} are there. Fetch the file again.");
        var header = new byte[length];
        stream.ReadExactly(header);
        return (header, 8 + (long)length);
    }

    private static (Dictionary<string, Entry>, Dictionary<string, string>) ParseHeader(string path, byte[] header, long start)
    {
        try
        {
            using var json = JsonDocument.Parse(header, new JsonDocumentOptions { AllowDuplicateProperties = false });
            var tensors = new Dictionary<string, Entry>();
            var metadata = new Dictionary<string, string>();
            foreach (var item in json.RootElement.EnumerateObject())
            {
                if (item.Name == "__metadata__")
                    metadata = item.Value.EnumerateObject().ToDictionary(p => p.Name, p => p.Value.GetString() ?? "");
                else tensors[item.Name] = ParseEntry(path, item.Name, item.Value, start);
            }
            return (tensors, metadata);
        }
        catch (Exception malformed) when (malformed is JsonException or InvalidOperationException)
        {
            throw new RefusedInputException(path,
                $"not a safetensors file: its header is not what the format asks for ({malformed.Message})");
        }
    }

    private static Entry ParseEntry(string path, string name, JsonElement json, long start)
    {
        RefusedInputException Refuse(string why) => new(path, $"tensor '{name}' {why}");
        if (json.ValueKind != JsonValueKind.Object) throw Refuse("has no description");
        if (!json.TryGetProperty("dtype", out var typeName) || typeName.ValueKind != JsonValueKind.String
            || !DataTypes.TryGetValue(typeName.GetString()!, out var type))
            throw Refuse($"has a dtype that is not read here: {typeName}. Read are {string.Join(", ", DataTypes.Keys)}.");
        if (!TryLongs(json, "shape", out var shape) || shape.Any(n => n < 0)) throw Refuse("has no valid shape");
        if (!TryLongs(json, "data_offsets", out var offsets) || offsets.Length != 2) throw Refuse("has no valid data_offsets");
        var (begin, end) = (offsets[0], offsets[1]);
        if (begin < 0 || end < begin) throw Refuse($"lies at the impossible offsets {begin} to {end}");
        // exact below 2⁵³ bytes, and above that larger than any file
        var needed = shape.Aggregate((double)type.Size, (product, n) => product * n);
        if (needed != end - begin)
            throw Refuse(
                $"of shape [{string.Join(", ", shape)}] and dtype {typeName} needs {needed} bytes, but its offsets span {end - begin}");
        return new(name, typeName.GetString()!, type.Type, shape, start + begin, end - begin);
    }

    private static bool TryLongs(JsonElement json, string name, out long[] values)
    {
        values = [];
        if (!json.TryGetProperty(name, out var array) || array.ValueKind != JsonValueKind.Array) return false;
        var read = new List<long>();
        foreach (var item in array.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.Number || !item.TryGetInt64(out var value)) return false;
            read.Add(value);
        }
        values = [.. read];
        return true;
    }

    private static void CheckLayout(string path, IEnumerable<Entry> tensors, long start, long fileLength)
    {
        var expected = start;
        foreach (var tensor in tensors.OrderBy(t => t.Begin).ThenBy(t => t.Length))
        {
            if (tensor.Begin < expected)
                throw new RefusedInputException(path,
                    $"tensor '{tensor.Name}' overlaps the one before it by {expected - tensor.Begin} bytes");
            if (tensor.Begin > expected)
                throw new RefusedInputException(path, $"there is a hole of {tensor.Begin - expected} bytes before tensor '{tensor.Name}'");
            expected = tensor.Begin + tensor.Length;
            if (expected > fileLength)
                throw new RefusedInputException(path,
                    $"the file is cut short: tensor '{tensor.Name}' ends at byte {expected}, the file at {fileLength}. "
                    + "Fetch the file again.");
        }
        if (expected != fileLength)
            throw new RefusedInputException(path, $"{fileLength - expected} bytes follow the last tensor, which no tensor owns");
    }
}
