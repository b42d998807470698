using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Adapters;

/// <summary>All trained parameters, placed on a frozen model according to a sharing plan: those of the method, and the head.</summary>
/// <remarks>Tensor names are PEFT's (<c>base_model.model.…query.lora_A.weight</c>); those of a shared branch begin with
/// <c>shared.query</c>.</remarks>
public sealed class Adapter : IDisposable
{
    private readonly Placement _at;
    private readonly Tuning _tuning;
    private readonly IReadOnlyList<Parameter> _head;
    private readonly List<(RateRange Rates, double? Own, bool Head)> _ranges = []; // rates as multiples
    private readonly HashSet<string> _unstored;

    /// <summary>Places a new adapter at the method's initial values, the head as in the model.</summary>
    /// <param name="model">The frozen model; it holds one adapter at a time.</param>
    /// <param name="sites">The target layers.</param>
    /// <param name="plan">Assigns branches to them.</param>
    /// <param name="settings">The method's settings.</param>
    /// <param name="trainHead">Whether to train the head.</param>
    /// <param name="seed">Seeds the initial values.</param>
    /// <exception cref="RefusedInputException">The method does not fit the layers, such as a rank above their width.</exception>
    public Adapter(FrozenModel model, IReadOnlyList<AdapterSite> sites, SharingPlan plan, MethodSettings settings, bool trainHead,
        long seed)
    {
        AdapterSites.CheckFit(sites, settings);
        (_at, Settings) = (new(model, sites, plan, seed, trainHead), settings);
        _tuning = Tunings.Of(settings, _at);
        Trained = [.. _tuning.Trained];
        _head = trainHead ? model.HeadParameters : [];
        HeadTensors = [.. _head.Select(parameter => new TrainedTensor($"{_tuning.HeadPrefix}{parameter.Name}", parameter.Frozen.shape))];
        _unstored = [.. Trained.Where(tensor => !tensor.IsStored).Select(tensor => tensor.Name)];
        Parameters = new([.. Trained.Concat(HeadTensors).Select(tensor => (tensor.Name, tensor.Shape))], model.Device);
        foreach (var tensor in Trained.Where(tensor => tensor.Initial is not null))
        {
            using var scope = NewDisposeScope();
            Parameters.Set(tensor.Name, tensor.Initial!(tensor.Shape, seed, tensor.Name));
        }
        foreach (var tensor in Trained) AddRange(tensor, head: false);
        foreach (var tensor in HeadTensors) AddRange(tensor, head: true);
        _tuning.Place(Parameters);
        foreach (var (parameter, tensor) in _head.Zip(HeadTensors))
        {
            Parameters.Set(tensor.Name, parameter.Frozen);
            parameter.Learn(Parameters[tensor.Name]);
        }
    }

    public SharingPlan Plan => _at.Plan;

    public MethodSettings Settings { get; }

    /// <summary>What the method does at each step.</summary>
    public Tuning Tuning => _tuning;

    public FlatParameters Parameters { get; }

    /// <summary>What the adapter's own file holds: trained tensors, but for those that only training needs, and those of the method that
    /// stay as they were drawn.</summary>
    public IReadOnlyDictionary<string, Tensor> Tensors =>
        Parameters.Names.Where(name => !_unstored.Contains(name)).Select(name => KeyValuePair.Create(name, Parameters[name]))
            .Concat(_tuning.Fixed).ToDictionary();

    /// <summary>The method's tensors, which come first in the buffer.</summary>
    public IReadOnlyList<TrainedTensor> Trained { get; }

    /// <summary>The head's tensors, which follow.</summary>
    public IReadOnlyList<TrainedTensor> HeadTensors { get; }

    public IReadOnlyList<AdapterSite> Sites => _at.Sites;

    public bool TrainsHead => _head.Count > 0;

    /// <summary>What is trained, less what the method has taken away for good.</summary>
    public ParameterCounts Counts
    {
        get
        {
            var counted = CountsOf(Plan);
            var gone = Settings.Layers.Count == 0 ? 0 : _tuning.TakenAway(Parameters); // counted without already
            return new(counted.WithoutShared - gone, counted.Adapter - gone, counted.AdapterAndHead - gone);
        }
    }

    /// <summary>What the method trains with another plan for the same layers.</summary>
    public ParameterCounts CountsOf(SharingPlan plan)
    {
        var head = HeadTensors.Sum(tensor => tensor.Numbers);
        if (Settings.Layers.Count == 0) // whatever the plan
        {
            var trained = Trained.Sum(tensor => tensor.Numbers) - _tuning.TakenAway(Parameters);
            return new(trained, trained, trained + head);
        }
        var (branches, beside) = (ParameterCounts.Of(Settings, plan, LayerOf, null, head), _tuning.Beside);
        return new(branches.WithoutShared + beside, branches.Adapter + beside, branches.AdapterAndHead + beside);
    }

    /// <summary>The learning rates of consecutive ranges of the buffer.</summary>
    /// <param name="rate">η of the method's tensors.</param>
    /// <param name="headRate">η of the head.</param>
    /// <param name="factor">The schedule's, of tensors with a rate of their own.</param>
    public IEnumerable<RateRange> Rates(double rate, double headRate, double factor = 1) => _ranges.Select(range => range.Rates with
    {
        Rate = range.Own is { } own ? factor * own : range.Rates.Rate * (range.Head ? headRate : rate),
    });

    /// <summary>The tensors in PEFT's form: each layer's under its own name, those of a shared branch copied to each of its users, zeros
    /// where there is no branch, and the head.</summary>
    public IReadOnlyDictionary<string, Tensor> Expanded() =>
        _tuning.Expanded(Parameters).Concat(_tuning.Constants)
            .Concat(HeadTensors.Select(head => KeyValuePair.Create(head.Name, Parameters[head.Name])))
            .ToDictionary();

    /// <summary>Sets all of <see cref="Tensors"/> from named tensors, of a compact or an expanded file.</summary>
    /// <exception cref="RefusedInputException">One is missing or has another shape.</exception>
    public void Load(IReadOnlyDictionary<string, Tensor> tensors, string source)
    {
        foreach (var (name, target) in Tensors)
        {
            if (!tensors.TryGetValue(name, out var values))
                throw new RefusedInputException(source, $"holds no '{name}', which this adapter needs");
            if (!values.shape.SequenceEqual(target.shape))
                throw new RefusedInputException(source,
                    $"tensor '{name}' has shape [{string.Join(", ", values.shape)}], but the adapter asks for "
                    + $"[{string.Join(", ", target.shape)}]");
            Set(target, values);
        }
    }

    /// <summary>Sets those of <see cref="Tensors"/> that a file holds.</summary>
    public void LoadFrom(SafeTensorsFile file)
    {
        foreach (var (name, target) in Tensors.Where(tensor => file.Contains(tensor.Key)))
        {
            using var scope = NewDisposeScope();
            Set(target, Cut(file.Read(name), target.shape));
        }
    }

    /// <summary>The first ranks of a stored tensor, if the adapter has fewer: stage 1 has sorted them.</summary>
    private static Tensor Cut(Tensor stored, long[] shape) => shape.Index()
        .Aggregate(stored, (cut, side) => cut.shape[side.Index] > side.Item ? cut.narrow(side.Index, 0, side.Item) : cut);

    private static void Set(Tensor target, Tensor values)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        target.copy_(values);
    }

    /// <summary>Removes the adapter from the model, and frees it.</summary>
    public void Dispose()
    {
        _tuning.Remove();
        foreach (var parameter in _head) parameter.Freeze();
        Parameters.Dispose();
    }

    private LinearModule LayerOf(Site place) => AdapterSites.Module(Sites.First(site => site.Site == place));

    /// <summary>Adds a tensor to the last range, if the rates are alike, or begins another.</summary>
    private void AddRange(TrainedTensor tensor, bool head)
    {
        var range = (Rates: new RateRange(tensor.Numbers, tensor.Rate, tensor.Decays), Own: tensor.OwnRate, Head: head);
        if (_ranges.Count > 0 && _ranges[^1] is var last && (last.Rates with { Count = tensor.Numbers }, last.Own, last.Head) == range)
            _ranges[^1] = range with { Rates = last.Rates with { Count = last.Rates.Count + tensor.Numbers } };
        else _ranges.Add(range);
    }
}
