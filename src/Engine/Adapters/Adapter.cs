using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Adapters;

/// <summary>LoRA's hyperparameters: rank r, alpha (ΔW is scaled by alpha/r), and the dropout before A.</summary>
public sealed record LoraShape(int Rank, double Alpha, double Dropout = 0)
{
    public double Scale => Alpha / Rank;
}

/// <summary>All trainable parameters, placed on a frozen model according to a sharing plan: own LoRAs, one shared LoRA per module type, and
/// the head.</summary>
/// <remarks>Tensor names are PEFT's (<c>base_model.model.…query.lora_A.weight</c>); a shared pair is
/// <c>shared.query.lora_A.weight</c>.</remarks>
public sealed class Adapter : IDisposable
{
    private const string PeftPrefix = "base_model.model.";

    private readonly FrozenModel _model;
    private readonly IReadOnlyList<AdapterSite> _sites;
    private readonly List<Parameter> _learningHead = [];

    /// <summary>Places a new adapter: A Kaiming uniform, B zero, the head as in the model, so that it has no effect before
    /// training.</summary>
    /// <param name="model">The frozen model; it holds one adapter at a time.</param>
    /// <param name="sites">The possible sites.</param>
    /// <param name="plan">Assigns pairs to sites.</param>
    /// <param name="lora">Rank, alpha, dropout.</param>
    /// <param name="trainHead">Whether to train the head.</param>
    /// <param name="seed">Seeds A.</param>
    /// <exception cref="RefusedInputException">The rank exceeds a layer's width.</exception>
    public Adapter(FrozenModel model, IReadOnlyList<AdapterSite> sites, SharingPlan plan, LoraShape lora, bool trainHead, long seed)
    {
        AdapterSites.CheckRank(sites, lora.Rank);
        (_model, _sites, Plan, Shape) = (model, sites, plan, lora);
        Parameters = new(Shapes(trainHead), model.Device);
        AdapterNumbers = Parameters.Names.Where(name => name.Contains(".lora_")).Sum(name => Parameters[name].numel());
        foreach (var name in Parameters.Names.Where(name => name.EndsWith(".lora_A.weight")))
        {
            using var initial = InitialValues.KaimingUniform(Parameters[name].shape, seed, name);
            Parameters.Set(name, initial);
        }
        PlaceLoras();
        if (trainHead) TrainHead();
    }

    public SharingPlan Plan { get; }

    public LoraShape Shape { get; }

    public FlatParameters Parameters { get; }

    /// <summary>Number of LoRA's trained numbers, which come first; the head's follow.</summary>
    public long AdapterNumbers { get; }

    public IReadOnlyList<AdapterSite> Sites => _sites;

    public bool TrainsHead => _learningHead.Count > 0;

    public ParameterCounts Counts => ParameterCounts.Of(Plan, Width, Shape.Rank, Parameters.Values.numel() - AdapterNumbers);

    /// <summary>The tensors in PEFT's form: each site's pair under its own name, the shared pair copied to each of its users, zeros where
    /// there is no pair, and the head.</summary>
    public IReadOnlyDictionary<string, Tensor> Expanded()
    {
        var tensors = Parameters.Names.Where(name => !name.Contains(".lora_")).ToDictionary(name => name, name => Parameters[name]);
        foreach (var site in _sites)
            foreach (var half in (string[])["lora_A", "lora_B"])
                tensors[$"{PeftPrefix}{site.Linear.Path}.{half}.weight"] = NameOf(site, half) is { } name
                    ? Parameters[name]
                    : zeros(ShapeOf(site.Site.Type, half));
        return tensors;
    }

    /// <summary>Sets all trained numbers from named tensors, of a compact or an expanded file.</summary>
    /// <exception cref="RefusedInputException">One is missing or has another shape.</exception>
    public void Load(IReadOnlyDictionary<string, Tensor> tensors, string source)
    {
        foreach (var name in Parameters.Names)
        {
            if (!tensors.TryGetValue(name, out var values))
                throw new RefusedInputException(source, $"holds no '{name}', which this adapter needs");
            if (!values.shape.SequenceEqual(Parameters[name].shape))
                throw new RefusedInputException(source,
                    $"tensor '{name}' has shape [{string.Join(", ", values.shape)}], but the adapter asks for "
                    + $"[{string.Join(", ", Parameters[name].shape)}]");
            Parameters.Set(name, values);
        }
    }

    /// <summary>Removes the adapter from the model, and frees it.</summary>
    public void Dispose()
    {
        foreach (var site in _sites) site.Linear.Lora = null;
        foreach (var parameter in _learningHead) parameter.Freeze();
        Parameters.Dispose();
    }

    private List<(string, long[])> Shapes(bool trainHead)
    {
        var shapes = new List<(string, long[])>();
        void Pair(string path, string type) =>
            shapes.AddRange([($"{path}.lora_A.weight", ShapeOf(type, "lora_A")), ($"{path}.lora_B.weight", ShapeOf(type, "lora_B"))]);
        foreach (var type in Plan.SharedTypes) Pair($"shared.{type}", type);
        foreach (var site in _sites.Where(site => Plan[site.Site] == Place.Own)) Pair($"{PeftPrefix}{site.Linear.Path}", site.Site.Type);
        if (trainHead)
            foreach (var layer in _model.TrainedHead)
            {
                shapes.Add(($"{PeftPrefix}{layer.Path}.weight", layer.Weight.shape));
                if (layer.Bias is { } bias) shapes.Add(($"{PeftPrefix}{layer.Path}.bias", bias.shape));
            }
        return shapes;
    }

    private void PlaceLoras()
    {
        var shared = Plan.SharedTypes.ToDictionary(type => type, type => Pair($"shared.{type}"));
        foreach (var site in _sites)
            site.Linear.Lora = Plan[site.Site] switch
            {
                Place.Own => Pair($"{PeftPrefix}{site.Linear.Path}"),
                Place.Shared => shared[site.Site.Type],
                Place.None => null,
            };
    }

    private Lora Pair(string path) =>
        new(Parameters[$"{path}.lora_A.weight"], Parameters[$"{path}.lora_B.weight"], Shape.Scale, Shape.Dropout, _model.Masks);

    private void TrainHead()
    {
        foreach (var layer in _model.TrainedHead)
        {
            Learn($"{PeftPrefix}{layer.Path}.weight", layer.WeightParameter!); // a head is never quantised
            if (layer.BiasParameter is { } bias) Learn($"{PeftPrefix}{layer.Path}.bias", bias);
        }
    }

    private void Learn(string name, Parameter parameter)
    {
        Parameters.Set(name, parameter.Frozen);
        parameter.Learn(Parameters[name]);
        _learningHead.Add(parameter);
    }

    private string? NameOf(AdapterSite site, string half) => Plan[site.Site] switch
    {
        Place.Own => $"{PeftPrefix}{site.Linear.Path}.{half}.weight",
        Place.Shared => $"shared.{site.Site.Type}.{half}.weight",
        Place.None => null,
    };

    /// <summary>Input and output width of a module type.</summary>
    public (long In, long Out) Width(string type) =>
        _sites.First(site => site.Site.Type == type).Linear is var linear ? (linear.In, linear.Out) : default;

    private long[] ShapeOf(string type, string half) => half == "lora_A" ? [Shape.Rank, Width(type).In] : [Width(type).Out, Shape.Rank];
}
