using System.Text.Json.Nodes;
using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Methods;

/// <summary>A tensor that a method trains.</summary>
/// <param name="Name">Its name in files; PEFT's where PEFT has the method.</param>
/// <param name="Shape">Its shape.</param>
public sealed record TrainedTensor(string Name, long[] Shape)
{
    /// <summary>Draws the initial values from shape, seed and name; null: zeros.</summary>
    public Func<long[], long, string, Tensor>? Initial { get; init; }

    /// <summary>Its learning rate as a multiple of the run's.</summary>
    public double Rate { get; init; } = 1;

    /// <summary>Its peak learning rate, whatever the run's is; null: <see cref="Rate"/> times the run's.</summary>
    public double? OwnRate { get; init; }

    /// <summary>Whether weight decay applies to it.</summary>
    public bool Decays { get; init; } = true;

    /// <summary>Whether it is needed after training, and so is in the adapter's file.</summary>
    public bool IsStored { get; init; } = true;

    /// <summary>How many numbers it holds.</summary>
    public long Numbers => Shape.Numbers();
}

/// <summary>A method at work on one model: what it trains, where that is placed, and what happens at each step.</summary>
public abstract class Tuning(Placement at)
{
    /// <summary>Model, layers and plan.</summary>
    protected Placement At { get; } = at;

    /// <summary>What it trains, in the order of the buffer.</summary>
    public abstract IReadOnlyList<TrainedTensor> Trained { get; }

    /// <summary>Puts the trained numbers on the model.</summary>
    public abstract void Place(FlatParameters values);

    /// <summary>Takes them off again, and frees what the method itself has made.</summary>
    public abstract void Remove();

    /// <summary>How many of the trained numbers are weights of the model beside what the method places on the layers.</summary>
    public virtual long Beside => 0;

    /// <summary>The modules of the model that are trained whole and saved with the adapter, by PEFT's names.</summary>
    public virtual IReadOnlyList<string> ModulesToSave => [];

    /// <summary>What PEFT puts before the names of the head's tensors.</summary>
    public virtual string HeadPrefix => Placement.PeftPrefix;

    /// <summary>Why the weights of a model cannot hold what it computes; null if they can.</summary>
    public virtual string? WhyNotMerged => null;

    /// <summary>Tensors of an exported adapter that are not trained, by name.</summary>
    public virtual IReadOnlyDictionary<string, Tensor> Constants => new Dictionary<string, Tensor>();

    /// <summary>Tensors that are not trained, but drawn by the run's seed, by name. The compact file holds them.</summary>
    public virtual IReadOnlyDictionary<string, Tensor> Fixed => new Dictionary<string, Tensor>();

    /// <summary>The Adam that trains the method's numbers and the head.</summary>
    public virtual AdamForm Adam => AdamForm.Torch;

    /// <summary>How many of the trained numbers have been taken away for good, as gates that are 0.</summary>
    public virtual long TakenAway(FlatParameters values) => 0;

    /// <summary>The tensors of the exported adapter: each layer's under its own name, shared ones copied to each of their users.</summary>
    public abstract IReadOnlyDictionary<string, Tensor> Expanded(FlatParameters values);

    /// <summary>The fields of PEFT's adapter_config.json that describe the method; null if PEFT has no form for it.</summary>
    public virtual IReadOnlyDictionary<string, JsonNode?>? PeftFields => null;

    /// <summary>The tensors of a file of PEFT in the shapes in which they are trained here.</summary>
    public virtual IReadOnlyDictionary<string, Tensor> FromPeft(IReadOnlyDictionary<string, Tensor> tensors) => tensors;

    /// <summary>Called when a stage begins to train, or goes on from a checkpoint, before the checkpoint is read.</summary>
    /// <param name="steps">Steps of the stage.</param>
    /// <exception cref="RefusedInputException">The method cannot train in so few steps.</exception>
    public virtual void Begin(int steps) { }

    /// <summary>Called before a stage's first step, and not when it goes on from a checkpoint: for methods that look at the data
    /// first.</summary>
    public virtual void Prepare(TrainingJob job, CancellationToken cancel) { }

    /// <summary>Whether the numbers after a step can be the stage's result: not while the method has more to take away.</summary>
    public virtual bool IsSettledAfter(int step) => true;

    /// <summary>A term () of the loss beside that of the task; null if the method has none.</summary>
    public virtual Tensor? Penalty(FlatParameters values) => null;

    /// <summary>Changes the gradients before the optimiser uses them.</summary>
    public virtual void BeforeStep(FlatParameters values, OptimizerStep step) { }

    /// <summary>Changes the trained numbers after the optimiser has.</summary>
    public virtual void AfterStep(FlatParameters values, OptimizerStep step) { }

    /// <summary>Tensors that change during training but are not trained, by name. Checkpoints hold them.</summary>
    public virtual IReadOnlyDictionary<string, Tensor> State => new Dictionary<string, Tensor>();
}

/// <summary>Where training is.</summary>
/// <param name="Number">The step, from 1.</param>
/// <param name="Count">Steps of the stage.</param>
/// <param name="Rate">The learning rate of this step.</param>
public readonly record struct OptimizerStep(int Number, int Count, double Rate);

/// <summary>A method that puts a branch on each target layer.</summary>
public abstract class BranchTuning(Placement at) : Tuning(at)
{
    /// <summary>What is trained for one branch.</summary>
    protected abstract IEnumerable<TrainedTensor> TensorsOf(BranchSlot slot);

    /// <summary>The branch of one of the layers that use a slot.</summary>
    protected abstract Branch BranchOf(BranchSlot slot, AdapterSite user, FlatParameters values);

    /// <summary>What is trained once for all branches.</summary>
    protected virtual IEnumerable<TrainedTensor> Common => [];

    public override string? WhyNotMerged => At.Sites.Any(site => site.Linear.Branch is { Merges: false })
        ? "what its method puts behind the layers is no matrix"
        : null;

    public override IReadOnlyList<TrainedTensor> Trained => [.. Common, .. At.Slots.SelectMany(TensorsOf)];

    public override void Place(FlatParameters values)
    {
        foreach (var slot in At.Slots)
            foreach (var user in slot.Users) user.Linear.Branch = BranchOf(slot, user, values);
    }

    public override void Remove()
    {
        foreach (var site in At.Sites) site.Linear.Branch = null;
    }

    /// <summary>Each layer's tensors as if it had a branch of its own; zeros where it has none.</summary>
    public override IReadOnlyDictionary<string, Tensor> Expanded(FlatParameters values)
    {
        var tensors = Common.ToDictionary(tensor => tensor.Name, tensor => values[tensor.Name]);
        foreach (var site in At.Sites)
        {
            var used = At.SlotOf(site);
            foreach (var tensor in TensorsOf(Placement.Own(site)))
                tensors[tensor.Name] = used is null ? zeros(tensor.Shape) : values[NameIn(used, site, tensor.Name)];
        }
        return tensors;
    }

    /// <summary>The name under which a layer's tensor is in the buffer: that of the slot, unless it is the layer's own all the
    /// same.</summary>
    private string NameIn(BranchSlot used, AdapterSite site, string own)
    {
        var name = $"{used.Path}{own[Placement.Own(site).Path.Length..]}";
        return TensorsOf(used).Any(tensor => tensor.Name == name) ? name : own;
    }
}

/// <summary>A method whose branches are of low rank, and which is exported as LoRA: its own numbers are folded into A and B.</summary>
public abstract class FoldedTuning(Placement at) : BranchTuning(at)
{
    /// <summary>A and B of every layer, without the ranks that are 0 everywhere, and zeros where a layer has fewer than another.</summary>
    public override IReadOnlyDictionary<string, Tensor> Expanded(FlatParameters values)
    {
        var pairs = Pairs();
        var (rank, tensors) = (Rank(pairs), new Dictionary<string, Tensor>());
        foreach (var (slot, pair) in At.Sites.Select(Placement.Own).Zip(pairs))
        {
            Tensor A = zeros(rank, slot.In), B = zeros(slot.Out, rank);          // (r, d), (k, r)
            if (pair is { } folded)
            {
                A.narrow(0, 0, folded.A.shape[0]).copy_(folded.A);
                B.narrow(1, 0, folded.B.shape[1]).copy_(folded.B);
            }
            (tensors[LoraPair.NameOfA(slot)], tensors[LoraPair.NameOfB(slot)]) = (A, B);
        }
        return tensors;
    }

    /// <summary>LoRA's, scaled by 1.</summary>
    public override IReadOnlyDictionary<string, JsonNode?> PeftFields
    {
        get
        {
            using var scope = NewDisposeScope();
            var rank = Rank(Pairs());
            return LoraPeft.Fields(new LoraSettings { Rank = (int)rank, Alpha = rank });
        }
    }

    /// <summary>A and B of each layer; null where it has no branch.</summary>
    private (Tensor A, Tensor B)?[] Pairs() => [.. At.Sites.Select(site => (site.Linear.Branch as LowRankBranch)?.Folded())];

    private static long Rank(IEnumerable<(Tensor A, Tensor B)?> pairs) => Math.Max(1, pairs.Max(pair => pair?.A.shape[0] ?? 0));
}

/// <summary>A model, its target layers, and the plan that assigns branches to them.</summary>
/// <param name="Model">The frozen model.</param>
/// <param name="Sites">The target layers.</param>
/// <param name="Plan">Which keep a branch of their own, share one, or have none.</param>
/// <param name="Seed">The run's seed, for what a method draws by lot.</param>
/// <param name="TrainsHead">Whether the head is trained beside the method.</param>
public sealed record Placement(FrozenModel Model, IReadOnlyList<AdapterSite> Sites, SharingPlan Plan, long Seed, bool TrainsHead = true)
{
    /// <summary>What PEFT puts before the path of a module.</summary>
    public const string PeftPrefix = "base_model.model.";

    /// <summary>The branches: the shared ones by type, then those of the layers.</summary>
    public IReadOnlyList<BranchSlot> Slots { get; } =
    [
        .. Plan.SharedTypes.Select(type => Sites.Where(site => site.Site.Type == type && Plan[site.Site] == Place.Shared).ToArray())
            .Select(users => new BranchSlot($"shared.{users[0].Site.Type}", users[0].Linear.In, users[0].Linear.Out, users)),
        .. Sites.Where(site => Plan[site.Site] == Place.Own).Select(Own),
    ];

    /// <summary>The branch that a layer uses; null if none.</summary>
    public BranchSlot? SlotOf(AdapterSite site) => Slots.FirstOrDefault(slot => slot.Users.Contains(site));

    /// <summary>The branch that a layer has, or would have, of its own.</summary>
    internal static BranchSlot Own(AdapterSite site) => new($"{PeftPrefix}{site.Linear.Path}", site.Linear.In, site.Linear.Out, [site]);
}

/// <summary>A place for a branch.</summary>
/// <param name="Path">Begins the names of its tensors.</param>
/// <param name="In">d.</param>
/// <param name="Out">k.</param>
/// <param name="Users">The layers that use it: one, or those that share it.</param>
public sealed record BranchSlot(string Path, long In, long Out, IReadOnlyList<AdapterSite> Users)
{
    /// <summary>The path of the layer whose own branch it is; null if it is shared.</summary>
    public string? OwnPath => Path.StartsWith(Placement.PeftPrefix, StringComparison.Ordinal) ? Path[Placement.PeftPrefix.Length..] : null;
}
