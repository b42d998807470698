using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Json.Nodes;
using static TorchSharp.torch;

namespace LoraDrop.Engine;

/// <summary>Writes safetensors files, whole or not at all.</summary>
public static class SafeTensorsWriter
{
    /// <summary>Writes tensors in the order of their names, as the reference library does, with <c>format: pt</c> in the metadata.</summary>
    /// <param name="path">The file; an older one is replaced at the end, in one step.</param>
    /// <param name="tensors">Names and values, float32, float16, bfloat16 or int64, on any device.</param>
    /// <param name="metadata">More metadata; values are any text.</param>
    public static void Write(string path, IReadOnlyDictionary<string, Tensor> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        var ordered = tensors.OrderBy(t => t.Key, StringComparer.Ordinal).ToArray();
        var header = Header(ordered, metadata);
        WholeFile.Write(path, stream =>
        {
            Span<byte> length = stackalloc byte[8];
            BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)header.Length);
            stream.Write(length);
            stream.Write(header);
            foreach (var (_, tensor) in ordered)
            {
                using var scope = NewDisposeScope();
                using var _ = no_grad();
                stream.Write(tensor.detach().cpu().contiguous().bytes);
            }
        });
    }

    private static byte[] Header(KeyValuePair<string, Tensor>[] ordered, IReadOnlyDictionary<string, string>? metadata)
    {
        var about = new JsonObject { ["format"] = "pt" };
        foreach (var (key, value) in metadata ?? new Dictionary<string, string>()) about[key] = value;
        var json = new JsonObject { ["__metadata__"] = about };
        long begin = 0;
        foreach (var (name, tensor) in ordered)
        {
            var end = begin + tensor.numel() * tensor.ElementSize;
            json[name] = new JsonObject { ["dtype"] = NameOf(tensor.dtype), ["shape"] = Longs(tensor.shape), ["data_offsets"] = Longs([begin, end]) };
            begin = end;
        }
        var text = JsonSerializer.SerializeToUtf8Bytes(json);
        var padded = new byte[(text.Length + 7) / 8 * 8]; // the data starts at a multiple of 8; the format pads with blanks
        Array.Fill(padded, (byte)' ');
        text.CopyTo(padded, 0);
        return padded;
    }

    private static JsonArray Longs(long[] values) => [.. values.Select(v => (JsonNode)v)];

    private static string NameOf(ScalarType type) => type switch
    {
        ScalarType.Float32 => "F32",
        ScalarType.Float16 => "F16",
        ScalarType.BFloat16 => "BF16",
        ScalarType.Int64 => "I64",
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "not written here"),
    };
}
