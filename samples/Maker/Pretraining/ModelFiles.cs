using System.Text.Json;
using static TorchSharp.torch;

namespace LoraDrop.Maker;

/// <summary>Writes a pre-trained model as the hub publishes models, beside the files of its tokenizer.</summary>
public static class ModelFiles
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Writes config.json and model.safetensors, whose numbers are float16: half the size, and fine enough for a start.</summary>
    public static void Write(string folder, EncoderConfig config, FlatParameters weights)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        SafeTensorsWriter.Write(Path.Combine(folder, "model.safetensors"),
            weights.Names.ToDictionary(name => name, name => weights[name].to(ScalarType.Float16)));
        WholeFile.WriteText(Path.Combine(folder, "config.json"), JsonSerializer.Serialize(new
        {
            architectures = (string[])["RobertaForMaskedLM"],
            model_type = "roberta",
            vocab_size = config.VocabularySize,
            hidden_size = config.Hidden,
            num_hidden_layers = config.Layers,
            num_attention_heads = config.Heads,
            intermediate_size = config.Intermediate,
            max_position_embeddings = config.Positions,
            type_vocab_size = config.TokenTypes,
            layer_norm_eps = config.LayerNormEps,
            hidden_act = config.Activation,
            hidden_dropout_prob = config.HiddenDropout,
            attention_probs_dropout_prob = config.AttentionDropout,
            bos_token_id = 0,
            pad_token_id = config.PadId,
            eos_token_id = 2,
            tie_word_embeddings = true,
            torch_dtype = "float16",
        }, Indented) + '\n');
    }
}
