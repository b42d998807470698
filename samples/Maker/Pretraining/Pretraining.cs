using System.Diagnostics;
using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Maker;

/// <summary>How long and how fast to pre-train.</summary>
/// <param name="Steps">Optimiser steps.</param>
/// <param name="Lines">Lines of text in a step.</param>
/// <param name="Rate">The highest learning rate.</param>
/// <param name="Seed">Fixes first weights, batches and hidden tokens.</param>
public sealed record Schedule(int Steps, int Lines, double Rate, long Seed);

/// <summary>Teaches a RoBERTa to find hidden tokens (Liu et al. 2019), and writes it as the hub publishes models.</summary>
/// <remarks>Without dropout, here and in fine-tuning: a model this small has nothing to spare (samples/README.md has figures).</remarks>
public static class Pretraining
{
    private const double WarmupShare = 0.06, WeightDecay = 0.01, Beta2 = 0.98, MaxGradNorm = 1;
    private const int Aside = 100; // one line in so many is held out
    private const int Every = 200; // steps from one report to the next

    /// <summary>A RoBERTa of 6 layers × 128 for texts of up to 64 tokens.</summary>
    public static EncoderConfig Small(int vocabulary) =>
        new(EncoderFamily.Roberta, vocabulary, Hidden: 128, Layers: 6, Heads: 4, Intermediate: 512,
        Positions: 66, TokenTypes: 1, LayerNormEps: 1e-5, PadId: 1, "gelu", HiddenDropout: 0, AttentionDropout: 0, ClassifierDropout: 0);

    /// <summary>Learns a vocabulary, then a model, and writes both into a folder.</summary>
    /// <param name="corpus">Lines of one text, or of two with a tab between.</param>
    /// <param name="vocabulary">The most tokens there may be.</param>
    /// <param name="architecture">The model for a number of tokens.</param>
    /// <param name="schedule">How long and how fast.</param>
    /// <param name="folder">Receives config.json, model.safetensors and the tokenizer's files.</param>
    /// <param name="report">Is told how it goes.</param>
    /// <returns>How well the stored model does on lines that were held out.</returns>
    public static HeldOut Run(IReadOnlyList<string> corpus, int vocabulary, Func<int, EncoderConfig> architecture, Schedule schedule,
        string folder, Action<string> report)
    {
        BpeTrainer.Train(corpus.SelectMany(line => line.Split('\t')), vocabulary).Save(folder);
        var tokenizer = Tokenizer.Load(folder);
        var config = architecture(tokenizer.VocabularySize);
        var texts = corpus.Select(line => line.Split('\t'))
            .Select(line => tokenizer.Encode(line[0], line.ElementAtOrDefault(1), config.LongestText)).ToArray();
        var heldOut = texts.Where((_, i) => i % Aside == 0).ToArray();
        var read = texts.Where((_, i) => i % Aside != 0).ToArray();
        report($"{tokenizer.VocabularySize} tokens in the vocabulary, {read.Sum(text => text.Ids.Length):N0} in the "
            + $"text, {heldOut.Sum(text => text.Ids.Length):N0} more held out");

        using var weights = new LearningWeights(new RandomWeights(schedule.Seed), from => new MaskedLanguageModel(config, from, CPU), CPU);
        using var model = new MaskedLanguageModel(config, weights, CPU);
        Learn(model, weights.Parameters, tokenizer, read, schedule,
            at => report($"{at}; held out: {HeldOut.Of(model, tokenizer, heldOut)}"));
        Round(weights.Parameters);
        ModelFiles.Write(folder, config, weights.Parameters);
        return HeldOut.Of(model, tokenizer, heldOut);
    }

    private static void Learn(MaskedLanguageModel model, FlatParameters weights, Tokenizer tokenizer, TokenizedText[] texts,
        Schedule schedule, Action<string> report)
    {
        var rate = new LearningRate(RateSchedule.Linear, (int)Math.Ceiling(WarmupShare * schedule.Steps), schedule.Steps);
        using var adamw = new AdamW(weights, WeightDecay, beta2: Beta2);
        var (since, tokens, loss) = (Stopwatch.GetTimestamp(), 0L, 0.0);
        foreach (var (step, indices) in EndlessBatches(texts, schedule).Take(schedule.Steps).Index())
        {
            using var scope = NewDisposeScope();
            using var hidden = HiddenTokens.In([.. indices.Select(i => texts[i])], tokenizer,
                SplitMix64.For(schedule.Seed, "hidden", step));
            var stepLoss = nn.functional.cross_entropy(model.Forward(hidden.Batch, hidden.Places), hidden.Tokens);
            stepLoss.backward();
            adamw.ClipGradients(MaxGradNorm);
            adamw.Step(step + 1, [new(weights.Values.numel(), schedule.Rate * rate.At(step))]);

            (tokens, loss) = (tokens + hidden.Batch.Tokens, loss + stepLoss.item<float>() / Every);
            if ((step + 1) % Every != 0) continue;
            report($"step {step + 1}: loss {loss:F3}, {tokens:N0} tokens, "
                + $"{tokens / Stopwatch.GetElapsedTime(since).TotalSeconds:N0} a second");
            loss = 0;
        }
    }

    /// <summary>Batches of one pass over the texts after another.</summary>
    private static IEnumerable<int[]> EndlessBatches(TokenizedText[] texts, Schedule schedule)
    {
        int[] lengths = [.. texts.Select(text => text.Ids.Length)];
        for (var epoch = 0; ; epoch++)
            foreach (var batch in Batches.ByLength(lengths, schedule.Lines, schedule.Seed, epoch)) yield return batch;
    }

    /// <summary>Takes the weights to what float16 can hold, so that what is measured is what is stored.</summary>
    private static void Round(FlatParameters weights)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        weights.Values.copy_(weights.Values.to(ScalarType.Float16));
    }
}
