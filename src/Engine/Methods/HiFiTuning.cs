using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Methods;

/// <summary>HiFi: before training, the heads of each layer are measured on some texts, and PageRank chooses among them; their rows of the
/// query, key and value weights are then trained. Heads that share keys and values are measured and chosen together.</summary>
internal sealed class HiFiTuning : Tuning
{
    private readonly HiFiSettings _settings;
    private readonly Layer[] _layers;

    /// <summary>One layer's attention.</summary>
    /// <param name="Number">From 0.</param>
    /// <param name="Parts">Weights and biases of query, key and value, whose rows belong to heads.</param>
    /// <param name="Output">The output layer, whose input are the outputs of the heads.</param>
    /// <param name="Chosen">The numbers of the chosen heads (n), float32.</param>
    private sealed record Layer(int Number, IReadOnlyList<Parameter> Parts, Linear Output, Tensor Chosen);

    public HiFiTuning(Placement at, HiFiSettings settings) : base(at)
    {
        _settings = settings;
        if (AdapterSites.All(at.Model).Any(site => site.Linear.WeightParameter is null))
            throw new RefusedInputException("training.weights", "must be float32 or bfloat16, as hifi trains the weights");
        using var scope = NewDisposeScope();
        Linear[] Of(string part) => [.. AdapterSites.Find(at.Model, [part]).Select(site => site.Linear)];
        Linear[] queries = Of("q"), keys = Of("k"), values = Of("v"), outputs = Of("o");
        _layers = [.. outputs.Select((output, i) => new Layer(i,
            [.. new[] { queries[i], keys[i], values[i] }.SelectMany(linear => (Parameter?[])[linear.WeightParameter, linear.BiasParameter])
                .OfType<Parameter>()],
            output, Scalars.Arange(Count, CPU).to(ScalarType.Float32).DetachFromDisposeScope()))]; // the first, until they are measured
    }

    /// <summary>Nodes of a layer's graph: heads with keys and values of their own.</summary>
    private int Heads => At.Model.Config.KeyHeads.Count;

    /// <summary>How many of them are trained.</summary>
    private int Count => _settings.HeadsOf(Heads);

    /// <summary>The differences of the chosen rows.</summary>
    public override IReadOnlyList<TrainedTensor> Trained =>
    [
        .. _layers.SelectMany(layer => layer.Parts).Select(part =>
            new TrainedTensor(NameOf(part), [Count * WidthOf(part), .. part.Frozen.shape[1..]])),
    ];

    /// <summary>The chosen heads.</summary>
    public override IReadOnlyDictionary<string, Tensor> Fixed =>
        _layers.ToDictionary(layer => $"{Placement.PeftPrefix}{At.Model.Config.LayerPrefix(layer.Number)}heads", layer => layer.Chosen);

    /// <summary>The chosen heads, so that a run that goes on does not choose again.</summary>
    public override IReadOnlyDictionary<string, Tensor> State => Fixed;

    public override void Place(FlatParameters values)
    {
        foreach (var layer in _layers)
            foreach (var part in layer.Parts) part.Learn(() => Changed(layer, part, values));
    }

    public override void Remove()
    {
        foreach (var layer in _layers)
        {
            foreach (var part in layer.Parts) part.Freeze();
            layer.Chosen.Dispose();
        }
    }

    public override IReadOnlyDictionary<string, Tensor> Expanded(FlatParameters values) =>
        values.Names.Where(name => name.EndsWith(Difference, StringComparison.Ordinal)).ToDictionary(name => name, name => values[name]);

    /// <summary>Measures the heads on a sample of the texts, and chooses.</summary>
    public override void Prepare(TrainingJob job, CancellationToken cancel)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        foreach (var (layer, gram) in _layers.Zip(Measured(job, cancel)))
        {
            var (richness, correlation) = HeadMeasures.Of(gram, Heads, _settings.Richness);
            var chosen = HeadGraph.Highest(HeadGraph.PageRank(correlation, richness, _settings.Damping), Count);
            layer.Chosen.copy_(tensor(chosen.Select(head => (float)head).ToArray())); // (n)
        }
    }

    /// <summary>Σ o oᵀ over the tokens of the sample, for the outputs o of all heads of each layer (d', d').</summary>
    private Tensor[] Measured(TrainingJob job, CancellationToken cancel)
    {
        var all = Enumerable.Range(0, job.Train.Count).ToArray();
        SplitMix64.For(At.Seed, "hifi").Shuffle(all);
        var sample = job.Train.Subset(all[..Math.Min(all.Length, _settings.Texts)]);
        Tensor[] grams = [.. _layers.Select(layer =>
            zeros(layer.Output.In, layer.Output.In, ScalarType.Float64, At.Model.Device))]; // (d', d')
        ObservedPass.Over(At.Model, sample, job.Settings.BatchSize, [.. _layers.Select(layer => layer.Output)], (_, _, real) =>
        {
            foreach (var (layer, gram) in _layers.Zip(grams))
                layer.Output.Observer = o =>
                {
                    using var inner = NewDisposeScope();
                    var exact = o.to(ScalarType.Float64) * real.unsqueeze(1);    // (N, d')
                    gram.Plus_(exact.t().mm(exact));
                };
        }, cancel);
        return grams;
    }

    /// <summary>The weight, with the differences in the rows of the chosen heads.</summary>
    private Tensor Changed(Layer layer, Parameter part, FlatParameters values)   // shape of the weight
    {
        using var scope = NewDisposeScope();
        var (W, width) = (part.Frozen.to(ScalarType.Float32), WidthOf(part));    // (k, d) or (k)
        var rows = layer.Chosen.to(W.device).to(ScalarType.Int64).unsqueeze(1).Times(width)
            .Plus(Scalars.Arange(width, W.device)).flatten();                    // (n·width)
        return W.index_copy(0, rows, W.index_select(0, rows).Plus(values[NameOf(part)])).MoveToOuterDisposeScope();
    }

    /// <summary>Rows of one head.</summary>
    private long WidthOf(Parameter part) => part.Frozen.shape[0] / Heads;

    private const string Difference = ".difference";

    private static string NameOf(Parameter part) => $"{Placement.PeftPrefix}{part.Name}{Difference}";
}

/// <summary>What heads put out, measured by the products of their outputs.</summary>
internal static class HeadMeasures
{
    /// <summary>Richness and correlation of each head.</summary>
    /// <param name="gram">C = Σ o oᵀ of the outputs of all heads (H·w, H·w), float64.</param>
    /// <param name="heads">H.</param>
    /// <param name="share">How much of the sum of a head's singular values its richness counts.</param>
    /// <returns>Richness: how many of the largest singular values of a head's outputs make up the share, of w. Correlation: the likeness of
    /// two heads' outputs, whatever their bases: ‖C_gh‖²/(‖C_gg‖·‖C_hh‖), from 0 to 1 (linear CKA without centring, Kornblith et al. 2019,
    /// section 3).</returns>
    public static (double[] Richness, double[,] Correlation) Of(Tensor gram, int heads, double share)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var (C, w) = (gram.cpu(), gram.shape[0] / heads);                        // (H·w, H·w)
        Tensor Block(int g, int h) => C.narrow(0, g * w, w).narrow(1, h * w, w); // (w, w)
        double Norm(int g, int h) => Block(g, h).norm().item<double>();
        var correlation = new double[heads, heads];
        double[] own = [.. Enumerable.Range(0, heads).Select(h => Norm(h, h))];
        for (var g = 0; g < heads; g++)
            for (var h = 0; h < heads; h++)
                correlation[g, h] = own[g] * own[h] > 0 ? Math.Pow(Norm(g, h), 2) / (own[g] * own[h]) : 0;
        double Richness(int h)
        {
            double[] σ = [.. linalg.eigvalsh(Block(h, h).contiguous()).data<double>().Select(λ => Math.Sqrt(Math.Max(0, λ)))
                .OrderDescending()];                                             // of the outputs, whose squares are those of C
            var (count, reached, all) = (0, 0.0, σ.Sum());
            while (count < σ.Length && (count == 0 || reached < share * all)) reached += σ[count++];
            return (double)count / w;
        }
        return ([.. Enumerable.Range(0, heads).Select(Richness)], correlation);
    }
}
