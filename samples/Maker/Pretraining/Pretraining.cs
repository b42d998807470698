using System.Diagnostics;
using System.Text.Json;
using LoraDrop.Domain;
using LoraDrop.Engine;
using static TorchSharp.torch;

namespace LoraDrop.Maker;

/// <summary>How to pre-train.</summary>
/// <param name="Steps">Optimiser steps.</param>
/// <param name="Lines">Lines of text in a step.</param>
/// <param name="Rate">The highest learning rate.</param>
/// <param name="Seed">Fixes weights, batches and hidden tokens.</param>
public sealed record PretrainingSettings(int Steps, int Lines = 128, double Rate = 1.5e-3, long Seed = 1)
{
    public const double WarmupShare = 0.06, WeightDecay = 0.01, Beta2 = 0.98, MaxGradNorm = 1, HiddenShare = 0.2;
}

/// <summary>How well hidden tokens of text that was kept aside are found.</summary>
/// <param name="Loss">Mean cross entropy, in nats.</param>
/// <param name="Accuracy">Share of hidden tokens that the model puts first.</param>
public sealed record HeldOut(double Loss, double Accuracy);

/// <summary>Teaches a RoBERTa to find hidden tokens, and writes it as the hub publishes models.</summary>
public static class Pretraining
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private const int Every = 100; // the line in so many that is kept aside, and the steps from one progress line to the next

    /// <summary>A RoBERTa of 6 layers × 128, for a vocabulary and texts of up to 64 tokens.</summary>
    public static ModelConfig Small(int vocabulary) => new(EncoderFamily.Roberta, vocabulary, Hidden: 128, Layers: 6, Heads: 4, Intermediate: 512,
        Positions: 66, TokenTypes: 1, LayerNormEps: 1e-5, PadId: 1, "gelu", HiddenDropout: 0.1, AttentionDropout: 0.1, ClassifierDropout: 0.1);

    /// <summary>Learns a vocabulary, then a model; writes both into a folder.</summary>
    /// <param name="corpus">Lines of one text, or of two with a tab between.</param>
    /// <param name="vocabulary">The most tokens there may be.</param>
    /// <param name="architecture">The model for a number of tokens.</param>
    /// <param name="settings">How to train.</param>
    /// <param name="folder">Receives config.json, model.safetensors and the tokenizer's files.</param>
    /// <param name="report">Is told how it goes.</param>
    public static HeldOut Run(IReadOnlyList<string> corpus, int vocabulary, Func<int, ModelConfig> architecture, PretrainingSettings settings, string folder, Action<string> report)
    {
        BpeTrainer.Train(corpus.SelectMany(line => line.Split('\t')), vocabulary).Save(folder);
        var tokenizer = Tokenizer.Load(folder);
        var config = architecture(tokenizer.VocabularySize);
        var texts = corpus.Select(line => line.Split('\t')).Select(line => tokenizer.Encode(line[0], line.ElementAtOrDefault(1), config.LongestText)).ToArray();
        var aside = texts.Where((_, i) => i % Every == 0).ToArray();
        var read = texts.Where((_, i) => i % Every != 0).ToArray();
        report($"{tokenizer.VocabularySize} tokens of vocabulary; {read.Sum(text => text.Ids.Length):N0} tokens of text, {aside.Sum(text => text.Ids.Length):N0} more kept aside");

        using var weights = new LearningWeights(new RandomWeights(settings.Seed), from => new MaskedLanguageModel(config, from, CPU), CPU);
        using var model = new MaskedLanguageModel(config, weights, CPU);
        Learn(model, weights.Parameters, tokenizer, read, aside, settings, report);
        Round(weights.Parameters);
        Write(folder, config, weights.Parameters);
        return Measure(model, tokenizer, aside, settings);
    }

    private static void Learn(MaskedLanguageModel model, FlatParameters parameters, Tokenizer tokenizer,
        TokenizedText[] read, TokenizedText[] aside, PretrainingSettings settings, Action<string> report)
    {
        var rate = new WarmupThenLinear(settings.Rate, PretrainingSettings.WarmupShare, settings.Steps);
        using var adamw = new AdamW(parameters, PretrainingSettings.WeightDecay, beta2: PretrainingSettings.Beta2);
        var (since, tokens, all, lost) = (Stopwatch.GetTimestamp(), 0L, 0L, 0.0);
        foreach (var (step, indices) in Epochs(read, settings).Take(settings.Steps).Index())
        {
            using var scope = NewDisposeScope();
            using var hidden = HiddenTokens.In([.. indices.Select(i => read[i])], PretrainingSettings.HiddenShare, tokenizer, SplitMix64.For(settings.Seed, "hidden", step));
            var loss = nn.functional.cross_entropy(model.Forward(hidden.Batch, hidden.Places), hidden.Tokens);
            loss.backward();
            adamw.ClipGradients(PretrainingSettings.MaxGradNorm);
            adamw.Step(step + 1, (parameters.Values.numel(), rate.At(step)));
            (tokens, all, lost) = (tokens + hidden.Batch.Tokens, all + hidden.Batch.Tokens, lost + loss.item<float>());
            if ((step + 1) % Every != 0 && step + 1 < settings.Steps) continue;

            var pace = tokens / Stopwatch.GetElapsedTime(since).TotalSeconds;
            var (heldOutLoss, accuracy) = Measure(model, tokenizer, aside, settings);
            report($"step {step + 1} of {settings.Steps}, {all:N0} tokens: loss {lost / (step % Every + 1):F3}; kept aside: loss {heldOutLoss:F3}, {accuracy:P1} found; {pace:N0} tokens/s");
            (since, tokens, lost) = (Stopwatch.GetTimestamp(), 0, 0);
        }
    }

    private static IEnumerable<int[]> Epochs(TokenizedText[] texts, PretrainingSettings settings)
    {
        int[] lengths = [.. texts.Select(text => text.Ids.Length)];
        for (var epoch = 0; ; epoch++)
            foreach (var batch in Batches.ByLength(lengths, settings.Lines, settings.Seed, epoch)) yield return batch;
    }

    private static HeldOut Measure(MaskedLanguageModel model, Tokenizer tokenizer, TokenizedText[] aside, PretrainingSettings settings)
    {
        using var _ = no_grad();
        var (loss, found, count) = (0.0, 0L, 0L);
        foreach (var (batch, indices) in Batches.LongestFirst([.. aside.Select(text => text.Ids.Length)], settings.Lines).Index())
        {
            using var scope = NewDisposeScope();
            using var hidden = HiddenTokens.In([.. indices.Select(i => aside[i])], PretrainingSettings.HiddenShare, tokenizer, SplitMix64.For(settings.Seed, "hidden aside", batch));
            var logits = model.Forward(hidden.Batch, hidden.Places);             // (M, V)
            loss += nn.functional.cross_entropy(logits, hidden.Tokens, reduction: nn.Reduction.Sum).item<float>();
            found += logits.argmax(-1).eq(hidden.Tokens).sum().item<long>();
            count += hidden.Tokens.numel();
        }
        return new(loss / count, (double)found / count);
    }

    /// <summary>The weights as they are stored, in float16, so that what is measured is what is written.</summary>
    private static void Round(FlatParameters parameters)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        parameters.Values.copy_(parameters.Values.to(ScalarType.Float16));
    }

    private static void Write(string folder, ModelConfig config, FlatParameters parameters)
    {
        using var scope = NewDisposeScope();
        SafeTensorsWriter.Write(Path.Combine(folder, "model.safetensors"), parameters.Names.ToDictionary(name => name, name => parameters[name].detach().to(ScalarType.Float16)));
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
