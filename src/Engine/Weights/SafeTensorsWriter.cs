using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Json.Nodes;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Weights;

/// <summary>A tensor to write.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Its element type.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Make">Creates it; the writer then owns it.</param>
public sealed record PlannedTensor(string Name, ScalarType Type, long[] Shape, Func<Tensor> Make)
{
    public long Bytes => Shape.Numbers() * SafeTensorsWriter.SizeOf(Type);
}

/// <summary>Writes safetensors files atomically.</summary>
public static class SafeTensorsWriter
{
    /// <summary>Writes tensors sorted by name, as the reference library does, with <c>format: pt</c> in the metadata.</summary>
    /// <param name="path">The file; an existing one is replaced atomically.</param>
    /// <param name="tensors">Names and values, float32, float16, bfloat16 or int64, on any device.</param>
    /// <param name="metadata">Additional metadata; values are arbitrary text.</param>
    public static void Write(string path, IReadOnlyDictionary<string, Tensor> tensors,
        IReadOnlyDictionary<string, string>? metadata = null) =>
        Write(path, [.. tensors.Select(t => new PlannedTensor(t.Key, t.Value.dtype, t.Value.shape, () => t.Value.alias()))], metadata);

    /// <summary>Writes tensors that are created one at a time.</summary>
    public static void Write(string path, IReadOnlyCollection<PlannedTensor> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        var ordered = tensors.OrderBy(t => t.Name, StringComparer.Ordinal).ToArray();
        var header = Header(ordered, metadata);
        WholeFile.Write(path, stream =>
        {
            Span<byte> length = stackalloc byte[8];
            BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)header.Length);
            stream.Write(length);
            stream.Write(header);
            foreach (var planned in ordered)
            {
                using var scope = NewDisposeScope();
                using var _ = no_grad();
                var tensor = planned.Make().detach().cpu().contiguous();
                if (tensor.dtype != planned.Type || !tensor.shape.SequenceEqual(planned.Shape))
                    throw new InvalidOperationException($"'{planned.Name}' is not what was planned");
                WritePieces(stream, tensor.flatten());
            }
        });
    }

    /// <summary>A span holds at most 2 GiB.</summary>
    private static void WritePieces(Stream stream, Tensor flat)
    {
        const long Piece = 1 << 27;
        for (long from = 0; from < flat.shape[0]; from += Piece)
        {
            using var part = flat.narrow(0, from, Math.Min(Piece, flat.shape[0] - from));
            stream.Write(part.bytes);
        }
    }

    private static byte[] Header(PlannedTensor[] ordered, IReadOnlyDictionary<string, string>? metadata)
    {
        var about = new JsonObject { ["format"] = "pt" };
        foreach (var (key, value) in metadata ?? new Dictionary<string, string>()) about[key] = value;
        var json = new JsonObject { ["__metadata__"] = about };
        long begin = 0;
        foreach (var tensor in ordered)
        {
            var end = begin + tensor.Bytes;
            json[tensor.Name] = new JsonObject { ["dtype"] = NameOf(tensor.Type), ["shape"] = Longs(tensor.Shape),
                ["data_offsets"] = Longs([begin, end]) };
            begin = end;
        }
        var text = JsonSerializer.SerializeToUtf8Bytes(json);
        var padded = new byte[(text.Length + 7) / 8 * 8]; // the data starts at a multiple of 8; the format pads with blanks
        Array.Fill(padded, (byte)' ');
        text.CopyTo(padded, 0);
        return padded;
    }

    private static JsonArray Longs(long[] values) => [.. values.Select(v => (JsonNode)v)];

    internal static int SizeOf(ScalarType type) => type switch
    {
        ScalarType.Float32 => 4,
        ScalarType.Float16 or ScalarType.BFloat16 => 2,
        ScalarType.Int64 => 8,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "not written here"),
    };

    private static string NameOf(ScalarType type) => type switch
    {
        ScalarType.Float32 => "F32",
        ScalarType.Float16 => "F16",
        ScalarType.BFloat16 => "BF16",
        ScalarType.Int64 => "I64",
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "not written here"),
    };
}
