using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Tests;

/// <summary>roberta-tiny with dropout of its own choosing, texts to train it on, and an adapter placed as LoRA-drop places them: what a
/// training test needs.</summary>
internal sealed class TinyClassifier : IDisposable
{
    private const int Classes = 3;

    /// <param name="dropout">Of the model and of LoRA.</param>
    /// <param name="seed">Of the head and the adapter.</param>
    /// <param name="method">Settings of another method than LoRA.</param>
    public TinyClassifier(double dropout = 0, long seed = 1, MethodSettings? method = null)
    {
        var folder = Path.Combine(AppContext.BaseDirectory, "Golden", "roberta-tiny");
        using var weights = ModelFolder.Open(folder, ScalarType.Float32, CPU);
        var config = (EncoderConfig)ModelConfig.Read(folder) with { HiddenDropout = dropout, AttentionDropout = dropout,
            ClassifierDropout = dropout };
        Model = new(config, weights, Classes, seed, CPU);
        var sites = AdapterSites.Find(Model, ["query", "value"]);
        var plan = SharingPlan.Of(sites.Select(s => KeyValuePair.Create(s.Site, s.Site.Layer % 2 == 1 ? Place.Own : Place.Shared)));
        Adapter = new(Model, sites, plan, method ?? new LoraSettings { Rank = 4, Dropout = dropout }, trainHead: true, seed);
    }

    public SequenceClassifier Model { get; }

    public Adapter Adapter { get; }

    /// <summary>The trained numbers as they stand.</summary>
    public float[] Numbers => Adapter.Parameters.Values.data<float>().ToArray();

    public TrainingJob Job(LabelledSet train, LabelledSet? validation, TrainingSettings settings, int steps) =>
        new(Stage.TaskAdaptation, Model, Adapter, train, validation, new() { Kind = TaskKind.Classification, Metric = Metric.Accuracy },
            settings, steps);

    /// <summary>Random texts of 3 to 12 tokens, whose class is a function of their tokens.</summary>
    public static LabelledSet Texts(int count, long seed)
    {
        var random = new SplitMix64((ulong)seed);
        var texts = Enumerable.Range(0, count)
            .Select(_ => (int[])[0, .. Enumerable.Range(0, 1 + random.NextBelow(10)).Select(_ => 4 + random.NextBelow(196)), 2]).ToArray();
        return new([.. texts.Select(ids => new TokenizedText(ids, new int[ids.Length]))],
            [.. texts.Select(ids => (double)(ids[1] % Classes))]);
    }

    public void Dispose()
    {
        Adapter.Dispose();
        Model.Dispose();
    }
}
