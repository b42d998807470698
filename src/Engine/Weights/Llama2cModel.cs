using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;
using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Weights;

/// <summary>Converts a llama2.c model (karpathy/llama2.c, export.py, version 0) to a folder in the hub's format.</summary>
/// <remarks>
/// The file: seven int32 (d, feed-forward width, layers, heads, key and value heads, vocabulary, positions), then float32 tensors in a
/// fixed order, all layers of one kind together. A negative vocabulary means that the output layer is not the token embedding, and is
/// stored last. Rows of q and k pair as (2i, 2i + 1) there and as (i, i + w/2) on the hub.
/// </remarks>
public static class Llama2cModel
{
    private const int Header = 7 * sizeof(int);

    /// <summary>Writes config.json, model.safetensors, generation_config.json and the tokenizer.</summary>
    /// <param name="file">The model (<c>stories15M.bin</c>).</param>
    /// <param name="tokenizer">Its tokenizer: llama2.c's own format (<c>tokenizer.bin</c>), or SentencePiece's
    /// (<c>tokenizer.model</c>).</param>
    /// <param name="folder">A new or empty folder.</param>
    /// <exception cref="RefusedInputException">A file has another format, or is truncated.</exception>
    public static void Convert(string file, string tokenizer, string folder)
    {
        if (!File.Exists(file)) throw new RefusedInputException(file, "file not found");
        var shape = Shape.Read(file);
        Directory.CreateDirectory(folder);
        WriteTokenizer(tokenizer, folder, shape.Vocabulary);
        using var scope = NewDisposeScope();
        SafeTensorsWriter.Write(Path.Combine(folder, "model.safetensors"), shape.Tensors(file));
        WholeFile.WriteText(Path.Combine(folder, ModelConfig.FileName), Text(new()
        {
            ["architectures"] = new JsonArray("LlamaForCausalLM"), ["model_type"] = "llama", ["hidden_size"] = shape.Width,
            ["intermediate_size"] = shape.FeedForward, ["num_hidden_layers"] = shape.Layers, ["num_attention_heads"] = shape.Heads,
            ["num_key_value_heads"] = shape.KeyValueHeads, ["vocab_size"] = shape.Vocabulary, ["max_position_embeddings"] = shape.Positions,
            ["rms_norm_eps"] = 1e-5, ["rope_theta"] = 10000.0, ["hidden_act"] = "silu",
            ["tie_word_embeddings"] = shape.Tied, ["bos_token_id"] = 1, ["eos_token_id"] = 2, ["torch_dtype"] = "float32",
        }));
        WholeFile.WriteText(Path.Combine(folder, GenerationEnds.FileName), Text(new() { ["bos_token_id"] = 1, ["eos_token_id"] = 2 }));
    }

    private static string Text(JsonObject json) => json.ToJsonString(new System.Text.Json.JsonSerializerOptions { WriteIndented = true });

    private static void WriteTokenizer(string path, string folder, int vocabulary)
    {
        if (!File.Exists(path)) throw new RefusedInputException(path, "file not found: a tokenizer.bin of llama2.c, or a tokenizer.model");
        if (path.EndsWith(".model", StringComparison.Ordinal)) File.Copy(path, Path.Combine(folder, "tokenizer.model"), overwrite: true);
        else WholeFile.WriteText(Path.Combine(folder, "tokenizer.json"), SentencePieceFile.ToTokenizerJson(Pieces(path, vocabulary)));
        Tokenizer.Load(folder);
    }

    /// <summary>Pieces with their scores: an unused int32, then for each a float32, an int32 length and that many bytes.</summary>
    private static List<(string Piece, float Score)> Pieces(string path, int vocabulary)
    {
        var bytes = File.ReadAllBytes(path);
        var pieces = new List<(string, float)>(vocabulary);
        for (var at = 4; pieces.Count < vocabulary;)
        {
            var length = at + 8 <= bytes.Length ? BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(at + 4)) : -1;
            if (length < 0 || length > bytes.Length - at - 8)
                throw new RefusedInputException(path,
                    $"is no tokenizer of llama2.c for {vocabulary} tokens: token {pieces.Count} at byte {at} is not whole");
            pieces.Add((Encoding.UTF8.GetString(bytes, at + 8, length), BinaryPrimitives.ReadSingleLittleEndian(bytes.AsSpan(at))));
            at += 8 + length;
        }
        return pieces;
    }

    /// <summary>The header.</summary>
    private sealed record Shape(int Width, int FeedForward, int Layers, int Heads, int KeyValueHeads, int Vocabulary, int Positions,
        bool Tied)
    {
        private int HeadSize => Width / Heads;

        private int KeyValueWidth => HeadSize * KeyValueHeads;

        public static Shape Read(string file)
        {
            var header = new byte[Header];
            using (var stream = File.OpenRead(file))
                if (stream.ReadAtLeast(header, Header, throwOnEndOfStream: false) < Header)
                    throw new RefusedInputException(file,
                        $"is no model of llama2.c: it has {new FileInfo(file).Length} bytes, and its header alone {Header}");
            int[] n = [.. MemoryMarshal.Cast<byte, int>(header)];
            var shape = new Shape(n[0], n[1], n[2], n[3], n[4], Math.Abs(Math.Max(n[5], -int.MaxValue)), n[6], n[5] > 0);
            var sane = n[..5].Append(n[6]).All(x => x is > 0 and < 1 << 20) && shape.Vocabulary is > 2 and < 1 << 24 && n[0] % n[3] == 0
                && n[3] % n[4] == 0 && n[0] / n[3] % 2 == 0;
            if (!sane)
                throw new RefusedInputException(file,
                    $"is no model of llama2.c: its header says {string.Join(", ", n)} for width, feed-forward width, "
                    + "layers, heads, key and value heads, vocabulary and positions");
            var wanted = Header + 4 * shape.Parts().Sum(part => (double)part.Count);
            var length = new FileInfo(file).Length;
            return length == wanted
                ? shape
                : throw new RefusedInputException(file,
                $"has {length} bytes, and its header ({string.Join(", ", n)}) asks for {wanted:0}: it is cut short, "
                + "or of another version of the format");
        }

        /// <summary>The tensors under the hub's names.</summary>
        public List<PlannedTensor> Tensors(string file)
        {
            var planned = new List<PlannedTensor>();
            var at = (long)Header;
            foreach (var (names, rows, columns, heads, count) in Parts())
            {
                var one = (long)rows * Math.Max(1, columns);
                foreach (var (i, name) in names.Index())
                {
                    var begin = at + 4 * one * i;
                    long[] shape = columns == 0 ? [rows] : [rows, columns];
                    planned.Add(new(name, ScalarType.Float32, shape, () => Halves(Read(file, begin, shape), heads)));
                }
                at += 4 * count;
            }
            return planned;
        }

        /// <summary>The parts of the file in order; a part without names is skipped.</summary>
        private IEnumerable<(string[] Names, int Rows, int Columns, int Heads, long Count)> Parts()
        {
            (string[], int, int, int, long) Of(string name, int rows, int columns, int heads = 0) =>
                ([name], rows, columns, heads, (long)rows * Math.Max(1, columns));
            (string[], int, int, int, long) Each(string name, int rows, int columns, int heads = 0) =>
                ([.. Enumerable.Range(0, Layers).Select(i => $"model.layers.{i}.{name}.weight")], rows, columns, heads,
                    (long)Layers * rows * Math.Max(1, columns));
            yield return Of("model.embed_tokens.weight", Vocabulary, Width);
            yield return Each("input_layernorm", Width, 0);
            yield return Each("self_attn.q_proj", Width, Width, Heads);
            yield return Each("self_attn.k_proj", KeyValueWidth, Width, KeyValueHeads);
            yield return Each("self_attn.v_proj", KeyValueWidth, Width);
            yield return Each("self_attn.o_proj", Width, Width);
            yield return Each("post_attention_layernorm", Width, 0);
            yield return Each("mlp.gate_proj", FeedForward, Width);
            yield return Each("mlp.down_proj", Width, FeedForward);
            yield return Each("mlp.up_proj", FeedForward, Width);
            yield return Of("model.norm.weight", Width, 0);
            yield return ([], 0, 0, 0, (long)Positions * HeadSize); // cosines and sines, which can be computed from the positions
            if (!Tied) yield return Of("lm_head.weight", Vocabulary, Width);
        }

        private static Tensor Read(string file, long begin, long[] shape)
        {
            var tensor = empty(shape, ScalarType.Float32);
            using var stream = File.OpenRead(file);
            stream.Position = begin;
            stream.ReadExactly(tensor.bytes);
            return tensor;
        }

        /// <summary>Reorders the rows of each head from adjacent pairs to halves.</summary>
        private static Tensor Halves(Tensor weight, int heads) =>                // (k, d)
            heads == 0 ? weight : weight.view(heads, weight.shape[0] / heads / 2, 2, weight.shape[1]).transpose(1, 2).reshape(weight.shape);
    }
}
