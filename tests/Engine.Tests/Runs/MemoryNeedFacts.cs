using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Tests;

public sealed class MemoryNeedFacts
{
    private static readonly int[] Long = [.. Enumerable.Repeat(512, 100_000)];

    [Fact]
    public void A_batch_that_cannot_fit_is_refused_with_what_it_needs_and_what_to_do()
    {
        var fault = Assert.Single(Assert.Throws<RefusedInputException>(() =>
            MemoryNeed.Check(EncoderConfig.RobertaLarge, Long, new() { BatchSize = 100_000 }, new LoraSettings(), CPU)).Faults);
        Assert.Equal("training.batchSize", fault.Path);
        Assert.Matches(@"a batch of 100000 texts of up to 512 tokens needs about [\d.]+ GiB, and [\d.]+ GiB are free: lower batchSize",
            fault.Message);
    }

    [Fact]
    public void A_batch_is_never_larger_than_the_data() =>
    MemoryNeed.Check(EncoderConfig.RobertaBase, [8, 8], new() { BatchSize = 100_000 }, new LoraSettings(), CPU);

    [Fact]
    public void More_texts_or_longer_ones_need_more()
    {
        double Of(int batch, int longest) => MemoryNeed.OfTraining(EncoderConfig.RobertaBase, batch, longest);
        Assert.True(Of(16, 128) < Of(32, 128) && Of(16, 128) < Of(16, 256), "the need does not grow");
    }

    /// <summary>Peaks of whole processes that trained models of random weights on a CPU (docs/results.md has the command), in
    /// MiB.</summary>
    [Theory]
    [InlineData(8, 512, 4, 1376, 8000, 8, null, false, 1302)]
    [InlineData(8, 512, 4, 1376, 8000, 8, null, true, 771)]
    [InlineData(8, 512, 4, 1376, 8000, 8, WeightKind.Nf4, false, 1227)]
    [InlineData(8, 512, 4, 1376, 8000, 8, WeightKind.Nf4, true, 782)]
    [InlineData(8, 512, 4, 1376, 8000, 2, null, false, 604)]
    [InlineData(4, 1024, 16, 2752, 4000, 8, null, false, 1463)]
    [InlineData(4, 1024, 16, 2752, 4000, 8, WeightKind.Int8, true, 1083)]
    public void A_decoder_takes_what_is_estimated_within_15_percent(int layers, int hidden, int groups, int intermediate, int vocabulary,
    int batch, WeightKind? weights, bool checkpointing, double measured)
    {
        const double Process = 256;
        var config = DecoderConfig.Llama2With7B with { Layers = layers, Hidden = hidden, Heads = hidden / 64, KeyValueHeads = groups,
            HeadSize = 64, Intermediate = intermediate, VocabularySize = vocabulary, Windows = new int?[layers] };
        LoraSettings lora = new() { Rank = 8, Targets = ["q", "k", "v", "o", "up", "down"] };
        var estimated = Process + MemoryEstimate.OfDecoder(MemoryNeed.ShapeOf(config),
            new() { Weights = weights, Checkpointing = checkpointing }, lora, batch, 256) / (1 << 20);
        Assert.InRange(estimated / measured, 0.85, 1.15);
    }

    /// <summary>The same for other methods with their defaults, on the first of these decoders.</summary>
    [Theory]
    [InlineData("prompt-tuning", 1080)]
    [InlineData("prefix-tuning", 1068)]
    [InlineData("ia3", 1133)]
    [InlineData("hifi", 1047)]
    [InlineData("diff-pruning", 3669)]
    public void Other_methods_take_what_is_estimated_within_15_percent(string method, double measured)
    {
        using var folder = new TestFolder();
        var config = folder.File("config.json", """
            {"model_type": "llama", "vocab_size": 8000, "hidden_size": 512, "num_hidden_layers": 8, "num_attention_heads": 8,
             "num_key_value_heads": 4, "intermediate_size": 1376, "max_position_embeddings": 512, "pad_token_id": 0, "eos_token_id": 2}
            """);
        var request = JobRequest.Parse($$$"""
            {"model": "m", "dataset": "d", "task": {"preset": "gsm8k"}, "method": "{{{method}}}",
             "training": {"batchSize": 8, "maxLength": 256}}
            """);
        var estimated = (double)MemoryEstimate.OfJob(request, ModelInspection.OfConfig(Path.GetDirectoryName(config)!), null) / (1 << 20);
        Assert.InRange(estimated / measured, 0.85, 1.15);
    }

    [Fact]
    public void A_model_larger_than_memory_is_refused_with_the_numbers_before_it_is_loaded()
    {
        var large = DecoderConfig.Llama2With7B with { Layers = 3200 };
        var refused = Assert.Throws<RefusedInputException>(() =>
            MemoryNeed.Check(large, [512], new() { BatchSize = 1 }, new LoraSettings { Targets = ["q", "v"] }, CPU));
        Assert.Matches("needs about [0-9]+.[0-9] GiB, and [0-9]+.[0-9] GiB are free", refused.Message);
    }

    [Fact]
    public void Llama2_7b_in_NF4_trains_in_what_one_small_GPU_has() =>
        Assert.InRange(MemoryEstimate.OfDecoder(MemoryNeed.ShapeOf(DecoderConfig.Llama2With7B),
            new() { Weights = WeightKind.Nf4, Checkpointing = true },
            new LoraSettings { Targets = ["q", "v"] }, 1, 512) / (1L << 30), 4, 8);
}
