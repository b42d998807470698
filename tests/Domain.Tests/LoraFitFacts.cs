namespace LoraDrop.Domain.Tests;

/// <summary>Which layers a target means in which family.</summary>
public sealed class LoraFitFacts
{
    private static readonly LinearModule[] Bert =
        Layers("bert.encoder.layer.0", ("query", "attention.self.query"), ("key", "attention.self.key"), ("value", "attention.self.value"),
            ("attention.output.dense", "attention.output.dense"), ("intermediate.dense", "intermediate.dense"),
            ("output.dense", "output.dense"));

    private static readonly LinearModule[] Llama =
        Layers("model.layers.0", ("q_proj", "self_attn.q_proj"), ("k_proj", "self_attn.k_proj"), ("v_proj", "self_attn.v_proj"),
            ("o_proj", "self_attn.o_proj"), ("gate_proj", "mlp.gate_proj"), ("up_proj", "mlp.up_proj"), ("down_proj", "mlp.down_proj"));

    [Theory]
    [InlineData("q", "query", "q_proj")]
    [InlineData("query", "query", "q_proj")]
    [InlineData("v_proj", "value", "v_proj")]
    [InlineData("o", "attention.output.dense", "o_proj")]
    [InlineData("up", "intermediate.dense", "up_proj")]
    [InlineData("down", "output.dense", "down_proj")]
    [InlineData("attention", "query key value attention.output.dense", "q_proj k_proj v_proj o_proj")]
    [InlineData("feed-forward", "intermediate.dense output.dense", "gate_proj up_proj down_proj")]
    [InlineData("all-linear", "query key value attention.output.dense intermediate.dense output.dense",
        "q_proj k_proj v_proj o_proj gate_proj up_proj down_proj")]
    [InlineData("gate", "", "gate_proj")]
    [InlineData("self_attn.q_proj", "", "q_proj")]
    // in BERT PEFT's own meaning, by the end of the path, comes first
    [InlineData("output.dense", "attention.output.dense output.dense", "down_proj")]
    public void A_target_is_a_name_of_PEFT_a_part_by_any_familys_name_or_a_set(string target, string inBert, string inLlama)
    {
        Assert.Equal(inBert, Types([target], Bert));
        Assert.Equal(inLlama, Types([target], Llama));
    }

    [Fact]
    public void Layers_that_two_targets_mean_are_there_once_and_in_the_models_order() =>
        Assert.Equal("q_proj v_proj up_proj", Types(["up", "value", "q_proj", "query"], Llama));

    private static string Types(string[] targets, LinearModule[] layers) =>
        string.Join(' ', TargetLayers.Chosen(targets, layers).Select(layer => layer.Type));

    private static LinearModule[] Layers(string prefix, params (string Type, string Path)[] layers) =>
        [.. layers.Select(layer => new LinearModule(layer.Type, $"{prefix}.{layer.Path}", 8, 8))];
}
