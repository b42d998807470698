using System.Text.Json;

namespace LoraDrop.Cli.Tests;

/// <summary>What is told of a model whose weights are not there.</summary>
public sealed class SizeFacts(TinyRun run) : IClassFixture<TinyRun>
{
    /// <summary>The config.json of Llama2-7b, as far as sizes go.</summary>
    private const string Llama2With7B =
        """{"model_type": "llama", "vocab_size": 32000, "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32, "intermediate_size": 11008, "max_position_embeddings": 4096}""";

    [Fact]
    public void The_papers_counts_come_of_config_json_alone()
    {
        Assert.Equal((6_738_415_616, 4_194_304), Counted("--task", "glue/sst2"));
        Assert.Equal((6_738_415_616, 128_974_848), Counted("--task", "e2e"));
        Assert.Equal((6_738_415_616, 128_974_848), Counted("--rank", "64", "--targets", "q,k,v,o,up,down"));
    }

    [Fact]
    public void Memory_is_told_for_each_way_to_keep_weights()
    {
        var memory = Told("--batch-size", "1", "--max-length", "512").GetProperty("memoryBytes");
        var sizes = ((string[])["float32", "bfloat16", "int8", "nf4"]).Select(kind => memory.GetProperty(kind).GetInt64()).ToArray();
        Assert.Equal(sizes.OrderDescending(), sizes);
        Assert.InRange(sizes[0], 4 * 6_738_415_616, 8 * 6_738_415_616);
        var only = Assert.Single(Told("--batch-size", "1", "--max-length", "512", "--weights", "nf4", "--checkpointing")
            .GetProperty("memoryBytes").EnumerateObject());
        Assert.Equal("nf4", only.Name);
        Assert.True(only.Value.GetInt64() < sizes[3]);
    }

    [Fact]
    public void People_are_told_in_words()
    {
        var ended = Loradrop.Run("size", "--model", Folder(), "--task", "e2e", "--weights", "bfloat16").Well();
        Assert.Contains("6,738,415,616 parameters: llama, 32 layers of width 4,096, 32,000 tokens", ended.Output);
        Assert.Contains("LoRA       128,974,848 parameters: rank 64 on q_proj, k_proj, v_proj, o_proj, up_proj, down_proj", ended.Output);
        Assert.Contains("LoRA-drop  8,060,928 to 120,913,920 parameters, depending on the importance", ended.Output);
        Assert.Contains("GiB with bfloat16 weights: about, on a CPU, in batches of 8 texts of up to 512 tokens", ended.Output);
    }

    [Fact]
    public void Targets_that_the_model_has_not_are_refused() =>
        Loradrop.Run("size", "--json", "--model", Folder(), "--targets", "qurey")
            .Complained(ExitCode.Usage, "lora.targets[0]: 'qurey' matches no layer of the model");

    [Fact]
    public void A_model_is_needed() =>
    Loradrop.Run("size", "--json").Complained(ExitCode.Usage, "--model: is required: a folder with config.json");

    private string Folder() => Path.GetDirectoryName(run.Written("config.json", Llama2With7B))!;

    private JsonElement Told(params string[] options) =>
        Assert.Single(Loradrop.Run(["size", "--json", "--model", Folder(), .. options]).Well().Events);

    private (long Model, long Lora) Counted(params string[] options)
    {
        var told = Told(options);
        return (told.GetProperty("model").GetInt64(), told.GetProperty("lora").GetInt64());
    }
}
