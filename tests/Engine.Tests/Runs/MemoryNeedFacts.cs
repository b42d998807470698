using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Tests;

public sealed class MemoryNeedFacts
{
    private static readonly int[] Long = [.. Enumerable.Repeat(512, 100_000)];

    [Fact]
    public void A_batch_that_cannot_fit_is_refused_with_what_it_needs_and_what_to_do()
    {
        var fault = Assert.Single(Assert.Throws<RefusedInputException>(() => MemoryNeed.Check(ModelConfig.RobertaLarge, Long, new() { BatchSize = 100_000 }, CPU)).Faults);
        Assert.Equal("training.batchSize", fault.Path);
        Assert.Matches(@"a batch of 100000 texts of up to 512 tokens needs about [\d.]+ GiB, and [\d.]+ GiB are free\. Lower batchSize", fault.Message);
    }

    [Fact]
    public void A_batch_is_never_larger_than_the_data() => MemoryNeed.Check(ModelConfig.RobertaBase, [8, 8], new() { BatchSize = 100_000 }, CPU);

    [Fact]
    public void More_texts_or_longer_ones_need_more()
    {
        double Of(int batch, int longest) => MemoryNeed.OfTraining(ModelConfig.RobertaBase, batch, longest);
        Assert.True(Of(16, 128) < Of(32, 128) && Of(16, 128) < Of(16, 256), "the need does not grow");
    }
}
