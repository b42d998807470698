using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Tests;

/// <summary>A small decoder on random weights, of any shape, with texts for it.</summary>
internal static class TinyDecoder
{
    public static DecoderConfig Config { get; } = new(DecoderFamily.Llama, 50, 16, 3, 4, 2, 4, 24, 64, 1e-5, RopeSettings.Plain(10000),
        false, false, false, false, false, new int?[3], 0, [2], "silu", 0);

    public static IWeights Weights { get; } = new Drawn();

    public static LanguageModel Model(DecoderConfig? config = null) => new(config ?? Config, Weights, CPU);

    /// <summary>A LoRA with dropout on every linear layer.</summary>
    public static Adapter Adapter(LanguageModel model)
    {
        var sites = AdapterSites.Find(model, ["all-linear"]);
        return new(model, sites, SharingPlan.OwnEverywhere(sites.Select(site => site.Site)), new LoraSettings { Rank = 4, Dropout = 0.1 },
            trainHead: false, 1);
    }

    /// <summary>Texts of these lengths.</summary>
    public static TokenizedText[] Texts(params int[] lengths)
    {
        var random = new SplitMix64(5);
        return [.. lengths.Select(length => new TokenizedText([.. Enumerable.Range(0, length).Select(_ => 3 + random.NextBelow(47))],
            new int[length]))];
    }

    /// <summary>Weights large enough that attention and norms matter.</summary>
    private sealed class Drawn : IWeights
    {
        public bool Contains(string name) => false;

        public long[] ShapeOf(string name) => throw new KeyNotFoundException(name);

        public Tensor Take(string name, params long[] shape) =>
            name.Contains("norm") ? InitialValues.Normal(shape, 0.2, 3, name).Plus(1) : InitialValues.Normal(shape, 0.5, 3, name);
    }
}
