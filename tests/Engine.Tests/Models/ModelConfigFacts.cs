using System.Text.Json.Nodes;
using LoraDrop.Domain;

namespace LoraDrop.Engine.Tests;

public sealed class ModelConfigFacts : IDisposable
{
    private const string Roberta = """
        {"model_type": "roberta", "vocab_size": 200, "hidden_size": 32, "num_hidden_layers": 4, "num_attention_heads": 4, "intermediate_size": 64,
         "max_position_embeddings": 66, "type_vocab_size": 1, "layer_norm_eps": 1e-5, "pad_token_id": 1}
        """;

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_is_left_out_is_as_transformers_has_it()
    {
        var config = Read(_ => { });
        Assert.Equal(("gelu", 0.1, 0.1, 0.1), (config.Activation, config.HiddenDropout, config.AttentionDropout, config.ClassifierDropout));
        Assert.Equal(64, config.LongestText); // positions start after the padding id
    }

    [Fact]
    public void The_head_drops_as_the_layers_do_where_nothing_else_is_said()
    {
        Assert.Equal(0.2, Read(c => (c["hidden_dropout_prob"], c["classifier_dropout"]) = (0.2, null)).ClassifierDropout);
        Assert.Equal(0.3, Read(c => (c["hidden_dropout_prob"], c["classifier_dropout"]) = (0.2, 0.3)).ClassifierDropout);
    }

    [Theory]
    [InlineData("roberta", "RobertaForSequenceClassification")]
    [InlineData("xlm-roberta", "RobertaForSequenceClassification")]
    [InlineData("camembert", "RobertaForSequenceClassification")]
    [InlineData("bert", "BertForSequenceClassification")]
    public void Families_that_share_their_code_are_read(string type, string classifier) =>
        Assert.Equal(classifier, Read(c => c["model_type"] = type).ClassifierClass);

    [Theory]
    [InlineData("hidden_size", "-32", "must be a whole number above 0")]
    [InlineData("hidden_size", "\"32\"", "must be a whole number")]
    [InlineData("hidden_size", "32.5", "must be a whole number")]
    [InlineData("num_hidden_layers", "0", "must be a whole number above 0")]
    [InlineData("num_attention_heads", "5", "5 heads do not divide hidden_size 32")]
    [InlineData("vocab_size", "null", "must be a whole number")]
    [InlineData("pad_token_id", "200", "must be a token id under vocab_size 200")]
    [InlineData("pad_token_id", "-1", "must be a token id under vocab_size 200")]
    [InlineData("max_position_embeddings", "4", "leaves no room for a text")]
    [InlineData("hidden_act", "\"silu\"", "'silu' is not supported; supported are gelu, gelu_new, relu")]
    [InlineData("hidden_act", "3", "must be a text")]
    [InlineData("hidden_dropout_prob", "1", "must lie in [0, 1)")]
    [InlineData("attention_probs_dropout_prob", "\"0.1\"", "must be a number")]
    [InlineData("layer_norm_eps", "-1", "must be above 0")]
    [InlineData("position_embedding_type", "\"relative_key\"", "only absolute positions are supported")]
    [InlineData("is_decoder", "true", "an encoder used as a decoder is not supported")]
    [InlineData("model_type", "\"mixtral\"",
        "the architecture 'mixtral' is not supported; supported are bert, roberta, xlm-roberta, camembert, "
        + "llama, mistral, qwen2, qwen3. It is a mixture of experts")]
    [InlineData("model_type", "\"deberta\"",
        "the architecture 'deberta' is not supported; supported are bert, roberta, xlm-roberta, camembert, llama, mistral, qwen2, qwen3")]
    public void A_value_that_cannot_be_is_refused_by_its_name(string field, string value, string why)
    {
        var fault = Assert.Single(Assert.Throws<RefusedInputException>(() => Read(c => c[field] = JsonNode.Parse(value))).Faults);
        Assert.Equal($"{_folder.At("config.json")} {field}", fault.Path);
        Assert.Equal(why, fault.Message);
    }

    [Fact]
    public void All_faults_are_told_at_once()
    {
        var refused = Assert.Throws<RefusedInputException>(() => Read(c =>
        {
            c.Remove("vocab_size");
            c["hidden_size"] = -1;
            c["hidden_act"] = "silu";
        }));
        Assert.Equal(["vocab_size", "hidden_size", "hidden_act"], refused.Faults.Select(f => f.Path.Split(' ')[^1]));
    }

    [Theory]
    [InlineData("{", "is not JSON")]
    [InlineData("[]", "is not a JSON object")]
    public void A_file_that_is_no_configuration_is_refused(string json, string why)
    {
        _folder.File("config.json", json);
        Assert.StartsWith($"{_folder.At("config.json")}: {why}",
            Assert.Throws<RefusedInputException>(() => ModelConfig.Read(_folder.Path)).Message);
    }

    [Fact]
    public void A_folder_or_a_file_that_is_not_there_is_refused_by_its_name()
    {
        Assert.StartsWith($"{_folder.At("none")}: folder not found",
            Assert.Throws<RefusedInputException>(() => ModelConfig.Read(_folder.At("none"))).Message);
        Assert.StartsWith($"{_folder.At("config.json")}: config.json not found",
            Assert.Throws<RefusedInputException>(() => ModelConfig.Read(_folder.Path)).Message);
    }

    private EncoderConfig Read(Action<JsonObject> change)
    {
        var config = JsonNode.Parse(Roberta)!.AsObject();
        change(config);
        _folder.File("config.json", config.ToJsonString());
        return (EncoderConfig)ModelConfig.Read(_folder.Path);
    }
}
