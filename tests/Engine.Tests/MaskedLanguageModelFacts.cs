using System.Text.Json;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Tests;

public sealed class MaskedLanguageModelFacts
{
    private static readonly EncoderConfig Tiny =
        EncoderConfig.RobertaBase with { VocabularySize = 20, Hidden = 16, Layers = 2, Heads = 2, Intermediate = 32, Positions = 12 };

    /// <summary>Values of a separate implementation in float64, from a model that was really trained (weights/roberta-mini-en in the
    /// data).</summary>
    [Fact]
    public void A_trained_RoBERTa_predicts_what_the_reference_predicts()
    {
        var folder = RealData.Path("weights", "roberta-mini-en");
        using var files = ModelFolder.Open(folder, ScalarType.Float32, CPU);
        using var model = new MaskedLanguageModel((EncoderConfig)ModelConfig.Read(folder), files, CPU);
        using var reference = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "reference.json")));
        foreach (var expected in reference.RootElement.GetProperty("cases").EnumerateArray()) AssertPredicts(model, expected);
    }

    [Fact]
    public void All_weights_learn_and_the_loss_falls()
    {
        using var weights = Fresh();
        using var model = new MaskedLanguageModel(Tiny, weights, CPU);
        using var adamw = new AdamW(weights.Parameters, weightDecay: 0);
        var before = weights.Parameters.Names.ToDictionary(name => name, name => weights.Parameters[name].detach().clone());
        double first = 0, loss = 0;
        for (var step = 1; step <= 60; step++)
        {
            loss = Learn(model);
            if (step == 1) first = loss;
            adamw.Step(step, [new(weights.Parameters.Values.numel(), 1e-2)]);
        }
        Assert.InRange(first, 0.8 * Math.Log(Tiny.VocabularySize), 1.2 * Math.Log(Tiny.VocabularySize)); // it knows nothing yet
        Assert.InRange(loss, 0, 0.1);
        Assert.All(before, weight => Assert.False(weights.Parameters[weight.Key].allclose(weight.Value), weight.Key));
    }

    [Fact]
    public void Weights_stored_as_float16_open_again_as_the_same_model()
    {
        using var folder = new TestFolder();
        using var weights = Fresh();
        using var model = new MaskedLanguageModel(Tiny, weights, CPU);
        SafeTensorsWriter.Write(Path.Combine(folder.Path, "model.safetensors"),
            weights.Parameters.Names.ToDictionary(name => name, name => weights.Parameters[name].detach().to(ScalarType.Float16)));

        using var files = ModelFolder.Open(folder.Path, ScalarType.Float32, CPU);
        using var classifier = new SequenceClassifier(Tiny, files, classes: 2, seed: 1, CPU);
        using var _ = no_grad();
        using var batch = Batch();
        Assert.True(classifier.Backbone.Forward(batch).allclose(model.Encoder.Forward(batch), atol: 5e-3));
        Assert.Equal(weights.Parameters.Names.Order(StringComparer.Ordinal), files.Names.Order(StringComparer.Ordinal));
        Assert.DoesNotContain(files.Names, name => name.Contains("decoder"));
    }

    private static LearningWeights Fresh() => new(new RandomWeights(1), from => new MaskedLanguageModel(Tiny, from, CPU), CPU);

    private static TokenBatch Batch() => TokenBatch.Of([new([0, 5, 19, 7, 2], new int[5]), new([0, 19, 9, 2], new int[4])], padId: 1, CPU);

    /// <summary>Adds the gradients of the two hidden tokens: 6 at place 2, 8 at place 6 = 1·5 + 1.</summary>
    private static double Learn(MaskedLanguageModel model)
    {
        using var scope = NewDisposeScope();
        using var batch = Batch();
        var loss = nn.functional.cross_entropy(model.Forward(batch, tensor(new long[] { 2, 6 })), tensor(new long[] { 6, 8 }));
        loss.backward();
        return loss.item<float>();
    }

    private static void AssertPredicts(MaskedLanguageModel model, JsonElement expected)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        int[] ids = [.. expected.GetProperty("input_ids").EnumerateArray().Select(id => id.GetInt32())];
        var place = expected.GetProperty("mask_position").GetInt64();
        using var batch = TokenBatch.Of([new(ids, new int[ids.Length])], model.Config.PadId, CPU);

        var logits = model.Forward(batch, tensor(new[] { place })).squeeze(0);                      // (V)
        var best = logits.topk(5).indexes.data<long>().ToArray();
        Assert.Equal(expected.GetProperty("top5").EnumerateArray().Select(token => token.GetProperty("id").GetInt64()), best);
        foreach (var token in expected.GetProperty("top5").EnumerateArray())
            Assert.Equal(token.GetProperty("logit").GetDouble(), logits[token.GetProperty("id").GetInt64()].item<float>(), 1e-4);

        var hidden = model.Encoder.Forward(batch).squeeze(0);                                        // (T, d)
        AssertStartsWith(expected.GetProperty("last_hidden_token0_first8"), hidden[0]);
        AssertStartsWith(expected.GetProperty("last_hidden_mask_first8"), hidden[place]);
    }

    private static void AssertStartsWith(JsonElement expected, Tensor actual)
    {
        foreach (var (number, found) in expected.EnumerateArray().Zip(actual.data<float>())) Assert.Equal(number.GetDouble(), found, 1e-5);
    }
}
