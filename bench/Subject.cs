using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Bench;

/// <summary>A model with random weights, LoRA r 8 on query and value, a trained head, and a batch for it.</summary>
internal sealed class Subject : IDisposable
{
    private readonly AdamW _adamw;
    private readonly LabelledSet _set;
    private int _step;

    public Subject(ModelConfig config, int batch, int length)
    {
        Model = new SequenceClassifier(config, new RandomWeights(1), 2, 1, CPU);
        Sites = AdapterSites.Find(Model, ["query", "value"]);
        Adapter = new Adapter(Model, Sites, SharingPlan.OwnEverywhere(Sites.Select(s => s.Site)), new LoraSettings(), trainHead: true, 1);
        _adamw = new AdamW(Adapter.Parameters, 0.01);
        _set = Texts(config, Enumerable.Repeat(length, batch));
    }

    public SequenceClassifier Model { get; }

    public IReadOnlyList<AdapterSite> Sites { get; }

    public Adapter Adapter { get; }

    public LabelledSet Set => _set;

    /// <summary>One optimiser step on the whole batch.</summary>
    public void Step() => Step(_set, [.. Enumerable.Range(0, _set.Count)]);

    public void Step(LabelledSet set, int[] indices)
    {
        using var scope = NewDisposeScope();
        using var batch = set.Batch(indices, Model);
        Model.Masks.BeginPass(1, "bench", _step, CPU);
        var loss = set.LossSum(Model.Forward(batch), indices).Over(indices.Length); // ()
        loss.backward();
        _adamw.ClipGradients(1);
        _adamw.Step(++_step, [new(Adapter.Parameters.Values.numel(), 1e-4)]);
        if (_step % 4 == 0) GC.Collect(); // as the training loop does
    }

    public void Dispose()
    {
        _adamw.Dispose();
        Adapter.Dispose();
        Model.Dispose();
    }

    /// <summary>Random texts of given lengths.</summary>
    public static LabelledSet Texts(ModelConfig config, IEnumerable<int> lengths)
    {
        var random = new SplitMix64(3);
        var texts =
            lengths.Select(length =>
                new TokenizedText([.. Enumerable.Range(0, length).Select(_ => 4 + random.NextBelow(config.VocabularySize - 4))],
                    new int[length])).ToArray();
        return new(texts, new double[texts.Length]);
    }
}
