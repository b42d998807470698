using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace LoraDrop.Bench;

/// <summary>
/// A Llama with LoRAs as transformers' LlamaForCausalLM and PEFT compute it (their published classes, operation by operation), on random
/// weights: what the engine is held against where Python is not at hand. The operations, their order and their precision are theirs, and so
/// is the libtorch that does the work.
/// </summary>
/// <param name="config">The architecture; without grouped queries.</param>
/// <param name="rank">Of the LoRAs on q, k, v, o, up and down.</param>
internal sealed class PlainDecoder(DecoderConfig config, int rank) : IDisposable
{
    private const double Scale = 1;

    private static readonly string[] Targets = ["q_proj", "k_proj", "v_proj", "o_proj", "up_proj", "down_proj"];

    private readonly Dictionary<string, Tensor> _weights =
        Filled(config.Tensors.Append(("lm_head.weight", [config.VocabularySize, config.Hidden])));

    private readonly Dictionary<string, (Parameter A, Parameter B)> _loras = Enumerable.Range(0, config.Layers)
        .SelectMany(layer => config.LinearsOf($"{layer}"))
        .Where(linear => Targets.Contains(linear.Path[(linear.Path.LastIndexOf('.') + 1)..]))
        .ToDictionary(linear => linear.Path, linear =>
            (Learning(() => randn(rank, linear.In).Times_(0.02)), Learning(() => zeros(linear.Out, rank))));

    public IEnumerable<Parameter> Trained => _loras.Values.SelectMany(pair => (Parameter[])[pair.A, pair.B]);

    /// <summary>Logits of every token.</summary>
    /// <param name="ids">(B, T), int64, padded on the right.</param>
    /// <param name="padded">(B, T), true where a token is real; null: all are.</param>
    public Tensor Forward(Tensor ids, Tensor? padded)
    {
        using var scope = NewDisposeScope();
        var mask = padded is null ? null : MaskOf(padded);
        return Logits(Layers(ids, 0, mask, null)).MoveToOuterDisposeScope();     // (B, T, V)
    }

    /// <summary>The mean cross entropy of what follows each token.</summary>
    /// <param name="ids">(B, T), int64.</param>
    /// <param name="padded">(B, T), true where a token is real; null: all are.</param>
    /// <param name="labels">(B, T), int64; −100 where nothing is learnt.</param>
    public Tensor Loss(Tensor ids, Tensor? padded, Tensor labels)
    {
        using var scope = NewDisposeScope();
        var logits = Forward(ids, padded).to(ScalarType.Float32);                // (B, T, V)
        var none = Scalars.Full([labels.shape[0], 1], -100, ScalarType.Int64, CPU); // (B, 1)
        var shifted = cat([labels.narrow(1, 1, labels.shape[1] - 1), none], 1);  // (B, T)
        return nn.functional.cross_entropy(logits.view(-1, config.VocabularySize), shifted.view(-1), ignore_index: -100)
            .MoveToOuterDisposeScope(); // ()
    }

    /// <summary>Greedy answers to prompts of one length, with a cache that grows by concatenation.</summary>
    /// <param name="ids">(B, T), int64.</param>
    /// <param name="tokens">Of each answer.</param>
    public void Answer(Tensor ids, int tokens)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        var cache = new (Tensor K, Tensor V)?[config.Layers];
        var at = 0L;
        for (var step = 0; step < tokens; step++)
        {
            using var inner = NewDisposeScope();
            var x = Layers(ids, at, null, cache);                                // (B, T, d)
            at += ids.shape[1];
            ids = Logits(x.narrow(1, x.shape[1] - 1, 1)).to(ScalarType.Float32).argmax(-1).MoveToOuterDisposeScope(); // (B, 1)
        }
    }

    public void Dispose()
    {
        foreach (var tensor in _weights.Values.Concat(Trained)) tensor.Dispose();
    }

    private Tensor Logits(Tensor x) => nn.functional.linear(x, _weights["lm_head.weight"]); // (…, V)

    private Tensor Layers(Tensor ids, long first, Tensor? mask, (Tensor K, Tensor V)?[]? cache)
    {
        using var scope = NewDisposeScope();
        // (B, T, d)
        var x = _weights["model.embed_tokens.weight"].index_select(0, ids.flatten()).view(ids.shape[0], ids.shape[1], config.Hidden);
        var positions = Scalars.Arange(ids.shape[1], CPU).Plus(first).to(ScalarType.Float32); // (T)
        var pairs = Enumerable.Range(0, config.HeadSize / 2);
        var frequencies = tensor(pairs.Select(i => (float)Math.Pow(config.Rope.Base, -2.0 * i / config.HeadSize)).ToArray()); // (w/2)
        var angles = positions.unsqueeze(1) * frequencies;                       // (T, w/2)
        var both = cat([angles, angles], -1);                                    // (T, w)
        Tensor cos = both.cos().unsqueeze(0).unsqueeze(0), sin = both.sin().unsqueeze(0).unsqueeze(0); // (1, 1, T, w)
        for (var i = 0; i < config.Layers; i++)
        {
            using var inner = NewDisposeScope(); // Python, too, frees what autograd does not need
            var path = $"model.layers.{i}";
            var before = Norm(x, $"{path}.input_layernorm.weight");               // (B, T, d)
            var h = x.Plus(Attention(before, $"{path}.self_attn", cos, sin, mask, cache, i)); // (B, T, d)
            var between = Norm(h, $"{path}.post_attention_layernorm.weight");    // (B, T, d)
            x = h.Plus(FeedForward(between, $"{path}.mlp")).MoveToOuterDisposeScope(); // (B, T, d)
        }
        return Norm(x, "model.norm.weight").MoveToOuterDisposeScope();           // (B, T, d)
    }

    private Tensor FeedForward(Tensor x, string path)
    {
        using var scope = NewDisposeScope();
        return Linear(nn.functional.silu(Linear(x, $"{path}.gate_proj")) * Linear(x, $"{path}.up_proj"), $"{path}.down_proj")
            .MoveToOuterDisposeScope(); // (B, T, d)
    }

    private Tensor Attention(Tensor x, string path, Tensor cos, Tensor sin, Tensor? mask, (Tensor K, Tensor V)?[]? cache, int layer)
    {
        using var scope = NewDisposeScope();
        Tensor Split(Tensor y) => y.view(y.shape[0], y.shape[1], -1, config.HeadSize).transpose(1, 2); // (B, H, T, w)
        // (B, H, T, w)
        Tensor q = Split(Linear(x, $"{path}.q_proj")), k = Split(Linear(x, $"{path}.k_proj")), v = Split(Linear(x, $"{path}.v_proj"));
        (q, k) = ((q * cos).Plus(Turned(q) * sin), (k * cos).Plus(Turned(k) * sin)); // (B, H, T, w)
        if (cache is not null)
        {
            var old = cache[layer];
            (k, v) = old is var (K, V) ? (cat([K, k], 2), cat([V, v], 2)) : (k, v); // (B, H, S, w)
            cache[layer] = (k.DetachFromDisposeScope(), v.DetachFromDisposeScope());
            old?.K.Dispose();
            old?.V.Dispose();
        }
        var context = nn.functional.scaled_dot_product_attention(q, k, v, mask!, 0, mask is null && q.shape[2] > 1); // (B, H, T, w)
        // (B, T, d)
        return Linear(context.transpose(1, 2).contiguous().reshape(x.shape[0], x.shape[1], -1), $"{path}.o_proj").MoveToOuterDisposeScope();
    }

    // (B, H, T, w)
    private static Tensor Turned(Tensor x) => cat([-x.narrow(-1, x.shape[^1] / 2, x.shape[^1] / 2), x.narrow(-1, 0, x.shape[^1] / 2)], -1);

    /// <summary>PEFT's Linear: the frozen layer's output, and to it B(A(x))·α/r.</summary>
    private Tensor Linear(Tensor x, string path)
    {
        using var scope = NewDisposeScope();
        var y = nn.functional.linear(x, _weights[$"{path}.weight"]);             // (B, T, k)
        if (_loras.TryGetValue(path, out var lora))
            y = y.Plus(nn.functional.linear(nn.functional.linear(x, lora.A), lora.B).Times(Scale)); // (B, T, k)
        return y.MoveToOuterDisposeScope();
    }

    private Tensor Norm(Tensor x, string name)
    {
        using var scope = NewDisposeScope();
        var wide = x.to(ScalarType.Float32);                                     // (B, T, d)
        var inverse = wide.Squared().mean([-1], true).Plus(config.NormEps).rsqrt(); // (B, T, 1)
        return (_weights[name] * (wide * inverse)).MoveToOuterDisposeScope();    // (B, T, d)
    }

    /// <summary>0 where a key is real and not after the query, the lowest number elsewhere.</summary>
    private static Tensor MaskOf(Tensor padded)                                  // (B, T)
    {
        var T = padded.shape[1];
        var before = ones(T, T, ScalarType.Bool).tril();                         // (T, T)
        var seen = padded.unsqueeze(1).logical_and(before).unsqueeze(1);         // (B, 1, T, T)
        return zeros(seen.shape).MaskedFill_(seen.logical_not(), float.MinValue); // (B, 1, T, T)
    }

    private static Dictionary<string, Tensor> Filled(IEnumerable<(string Name, long[] Shape)> tensors)
    {
        var random = new RandomWeights(1);
        return tensors.ToDictionary(tensor => tensor.Name, tensor => random.Take(tensor.Name, tensor.Shape).DetachFromDisposeScope());
    }

    private static Parameter Learning(Func<Tensor> fresh)
    {
        using var scope = NewDisposeScope();
        var learning = new Parameter(fresh());
        learning.DetachFromDisposeScope();
        return learning;
    }
}
