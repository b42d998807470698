using System.Text.Json.Nodes;
using LoraDrop.Domain;

namespace LoraDrop.Engine.Tests;

public sealed class DecoderConfigFacts : IDisposable
{
    private const string Llama = """
        {"model_type": "llama", "vocab_size": 200, "hidden_size": 32, "num_hidden_layers": 4, "num_attention_heads": 4, "intermediate_size": 64,
         "max_position_embeddings": 4096}
        """;

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_is_left_out_is_as_transformers_has_it()
    {
        var llama = Read(_ => { });
        Assert.Equal((4, 8, 1e-6, 10000.0, "silu", false, 0),
            (llama.KeyValueHeads, llama.HeadSize, llama.NormEps, llama.Rope.Base, llama.Activation, llama.TiedEmbeddings, llama.PadId));
        Assert.Equal((false, false, false, false), (llama.QueryKeyValueBias, llama.OutputBias, llama.FeedForwardBias, llama.HeadNorms));
        Assert.All(llama.Windows, Assert.Null);
    }

    [Fact]
    public void Each_family_has_its_own_biases_norms_and_head_size()
    {
        DecoderConfig Of(string type) => Read(c => (c["model_type"], c["num_key_value_heads"]) = (type, 2));
        var (qwen2, qwen3, mistral) = (Of("qwen2"), Of("qwen3"), Of("mistral"));
        Assert.Equal((true, false, false, 8), (qwen2.QueryKeyValueBias, qwen2.OutputBias, qwen2.HeadNorms, qwen2.HeadSize));
        Assert.Equal((false, true, 128), (qwen3.QueryKeyValueBias, qwen3.HeadNorms, qwen3.HeadSize));
        Assert.Equal((false, 2, "MistralForCausalLM"), (mistral.QueryKeyValueBias, mistral.KeyValueHeads, mistral.LanguageModelClass));
        var biased = Read(c => (c["attention_bias"], c["mlp_bias"]) = (true, true));
        Assert.Equal((true, true, true), (biased.QueryKeyValueBias, biased.OutputBias, biased.FeedForwardBias));
    }

    [Fact]
    public void A_window_is_in_every_layer_of_Mistral_and_in_the_layers_of_Qwen_that_are_told_to_have_it()
    {
        Assert.Equal([4096, 4096, 4096, 4096], Read(c => (c["model_type"], c["num_key_value_heads"]) = ("mistral", 2)).Windows);
        Assert.Equal([64, 64, 64, 64],
            Read(c => (c["model_type"], c["num_key_value_heads"], c["sliding_window"]) = ("mistral", 2, 64)).Windows);
        Assert.Equal([null, null, null, null],
            Read(c => (c["model_type"], c["num_key_value_heads"], c["sliding_window"]) = ("mistral", 2, null)).Windows);
        Assert.Equal([null, null, null, null], Read(c => (c["model_type"], c["sliding_window"]) = ("qwen2", 64)).Windows);
        Assert.Equal([null, null, null, 64], Read(c =>
            (c["model_type"], c["sliding_window"], c["use_sliding_window"], c["max_window_layers"]) = ("qwen2", 64, true, 3)).Windows);
        Assert.Equal([64, null, 64, null], Read(c => (c["model_type"], c["sliding_window"], c["use_sliding_window"], c["layer_types"]) =
            ("qwen3", 64, true, new JsonArray("sliding_attention", "full_attention", "sliding_attention", "full_attention"))).Windows);
    }

    [Theory]
    [InlineData("""{"partial_rotary_factor": 0.5}""")]
    [InlineData("""{"rotary_pct": 0.25}""")]
    [InlineData("""{"rope_scaling": {"type": "linear", "factor": 2}, "partial_rotary_factor": 0.5}""")]
    [InlineData("""{"rope_parameters": {"rope_type": "default", "partial_rotary_factor": 0.5}}""")]
    public void Heads_that_are_rotated_in_part_are_refused_wherever_it_is_written(string fields)
    {
        var refused = Assert.Throws<RefusedInputException>(() => Read(config =>
        {
            foreach (var (name, value) in JsonNode.Parse(fields)!.AsObject()) config[name] = value!.DeepClone();
        }));
        Assert.Contains("must be 1: rotary positions on a part of each head are not supported", refused.Message);
        Assert.Equal(1, Read(config => config["partial_rotary_factor"] = 1.0).Rope.Factor);
    }

    [Fact]
    public void An_answer_may_end_in_several_ways()
    {
        Assert.Equal([128001, 128009], Read(c => c["eos_token_id"] = new JsonArray(128001, 128009)).EndIds);
        Assert.Equal([2], Read(c => c["eos_token_id"] = 2).EndIds);
        Assert.Empty(Read(_ => { }).EndIds);
    }

    // Frequencies as transformers' formulas give them, worked out apart from this code.
    [Theory]
    [InlineData("""{"type": "linear", "factor": 4}""", 8, 10000, 10, 16384, new[] { 0.25, 0.025, 0.0025, 0.00025 })]
    [InlineData("""{"type": "dynamic", "factor": 2}""", 8, 10000, 8192, 8192, new[] { 1.0, 0.0693361274, 0.00480749857, 0.000333333333 })]
    [InlineData("""{"type": "dynamic", "factor": 2}""", 8, 10000, 10, 8192, new[] { 1.0, 0.1, 0.01, 0.001 })]
    [InlineData("""{"rope_type": "llama3", "factor": 8, "low_freq_factor": 1, "high_freq_factor": 4, "original_max_position_embeddings": 8192}""", 16, 500000, 10, 4096,
        new[] { 1.0, 0.193922745, 0.0376060309, 0.00729266474, 0.000524846161, 3.4281022e-05, 6.64786987e-06, 1.28917317e-06 })]
    [InlineData("""{"rope_type": "yarn", "factor": 4, "original_max_position_embeddings": 32768}""", 16, 1000000, 10, 131072,
        new[] { 1.0, 0.177827941, 0.0316227766, 0.00421755994, 0.0005, 4.44569853e-05, 7.90569415e-06, 1.40585331e-06 })]
    public void Each_kind_of_rotary_position_turns_as_transformers_turns_it(string scaling, int width, double @base, long longest,
    int reach, double[] expected)
    {
        var config = Read(c => (c["rope_scaling"], c["rope_theta"], c["head_dim"]) = (JsonNode.Parse(scaling), @base, width));
        foreach (var (ours, theirs) in config.Rope.Frequencies(width, longest).Zip(expected)) Assert.Equal(theirs, ours, theirs * 1e-8);
        Assert.Equal(expected.Length, config.Rope.Frequencies(width, longest).Length);
        Assert.Equal(reach, config.LongestText);
        Assert.Equal(config.Rope.Kind == RopeKind.Yarn ? 1.1386294361 : 1, config.Rope.AttentionFactor, 1e-9);
    }

    [Fact]
    public void Newer_files_keep_base_and_kind_in_one_place()
    {
        var config = Read(c => c["rope_parameters"] = JsonNode.Parse("""{"rope_theta": 5000, "rope_type": "linear", "factor": 2}"""));
        Assert.Equal((5000.0, RopeKind.Linear, 2.0), (config.Rope.Base, config.Rope.Kind, config.Rope.Factor));
    }

    [Theory]
    [InlineData("num_attention_heads", "5", "num_attention_heads: 5 heads do not divide hidden_size 32, and there is no head_dim")]
    [InlineData("num_key_value_heads", "3", "num_key_value_heads: 3 key and value heads do not divide 4 heads")]
    [InlineData("head_dim", "7", "head_dim: must be even for rotary positions; it is 7")]
    [InlineData("hidden_act", "\"swish2\"",
        "hidden_act: 'swish2' is not supported; supported are silu, gelu, gelu_new, gelu_pytorch_tanh, relu")]
    [InlineData("rms_norm_eps", "0", "rms_norm_eps: must be above 0")]
    [InlineData("rope_theta", "1", "rope_theta: must be above 1")]
    [InlineData("eos_token_id", "\"</s>\"", "eos_token_id: must be a whole number, or a list of them")]
    [InlineData("rope_scaling", "7", "rope_scaling: must be an object or null")]
    [InlineData("rope_scaling", """{"type": "longrope", "factor": 2}""",
        "rope_scaling rope_type: 'longrope' is not supported; supported are default, linear, dynamic, llama3, yarn")]
    [InlineData("rope_scaling", """{"type": "linear", "factor": 0.5}""", "rope_scaling factor: must be at least 1")]
    [InlineData("rope_scaling", """{"rope_type": "llama3", "factor": 8, "low_freq_factor": 4, "high_freq_factor": 4}""",
        "rope_scaling high_freq_factor: must be above low_freq_factor")]
    public void A_value_that_cannot_be_is_refused_by_its_name(string field, string value, string why)
    {
        var refused = Assert.Throws<RefusedInputException>(() => Read(c => c[field] = JsonNode.Parse(value)));
        Assert.Contains($"{_folder.At("config.json")} {why}", refused.Message);
    }

    [Fact]
    public void All_faults_are_told_at_once() =>
        Assert.Equal(3,
            Assert.Throws<RefusedInputException>(() => Read(c => (c["vocab_size"], c["rope_scaling"], c["hidden_act"]) =
            (0, JsonNode.Parse("""{"type": "longrope"}"""), "none"))).Faults.Count);

    private DecoderConfig Read(Action<JsonObject> change)
    {
        var config = JsonNode.Parse(Llama)!.AsObject();
        change(config);
        _folder.File("config.json", config.ToJsonString());
        return (DecoderConfig)ModelConfig.Read(_folder.Path);
    }
}
