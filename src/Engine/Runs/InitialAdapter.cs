using System.Text.Json;
using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Runs;

/// <summary>A trained adapter that a run continues from, instead of the method's initial values.</summary>
internal sealed class InitialAdapter(AdapterFolder from, FrozenModel model, IReadOnlyList<AdapterSite> sites, JobRequest request,
    TaskSettings task)
{
    private const string Field = "initialAdapter";

    /// <summary>Places an adapter that computes what the given one does: with its numbers, and with its head if that is for the same
    /// classes.</summary>
    /// <returns>The adapter, and what people should know of it.</returns>
    /// <exception cref="RefusedInputException">It is no adapter in PEFT's format, or of another method, other layers or settings, or of a
    /// model of another shape.</exception>
    public (Adapter Adapter, string Remark) Place()
    {
        using var scope = NewDisposeScope();
        var (classes, head) = Head();
        var given = Read(head);
        var plan = SharingPlan.OwnEverywhere(sites.Select(site => site.Site));
        var adapter = new Adapter(model, sites, plan, request.Tuning, trainHead: model.TrainedHead.Count > 0, request.Training.Seed);
        try
        {
            var fresh = adapter.Tensors.Where(tensor => !adapter.Parameters.Names.Contains(tensor.Key)
                || (!head && adapter.HeadTensors.Any(own => own.Name == tensor.Key))); // what is drawn, and a head of its own
            foreach (var (name, tensor) in fresh) given.Tensors[name] = tensor;
            if (given.Tensors.Keys.FirstOrDefault(name => !adapter.Tensors.ContainsKey(name)) is { } more)
                throw Refused($"has the trained tensor '{more}', which a job with these settings does not train");
            adapter.Load(given.Tensors, from.Name);
            foreach (var (layer, before) in given.Outputs) CheckSame(layer, before, OutputOf(layer), given.Settings);
            return (adapter, $"Continues from {from.Name} (sha256 {RunFolder.Sha256(Weights)[..12]}…)"
                + $"{(HeadRemark(classes, head) is { } said ? $"; {said}" : "")}.{BaseRemark()}");
        }
        catch (RefusedInputException refused)
        {
            adapter.Dispose();
            throw Of(refused);
        }
    }

    private string Weights => Path.Combine(from.Path, PeftAdapter.WeightsFile);

    /// <summary>The numbers of the given adapter, by the names that they have in a new one, and what each layer's branch adds.</summary>
    private (Dictionary<string, Tensor> Tensors, Dictionary<AdapterSite, Tensor> Outputs, MethodSettings Settings) Read(bool head)
    {
        try
        {
            using var adapter = PeftAdapter.Read(from.Path, model, head);
            if (adapter.Settings.Section != request.Method.Section)
                throw Refused($"is of the method {MethodOf(adapter.Settings)}; this job's is {request.Method}");
            var (has, wants) = (Paths(adapter.Sites), Paths(sites));
            if (!has.SetEquals(wants))
                throw Refused($"is on {Difference(has, wants)}; set {request.Method.Section}.targets to the layers of the adapter");
            return (adapter.Tensors.ToDictionary(tensor => tensor.Key, tensor => tensor.Value.detach().clone()),
                sites.ToDictionary(site => site, OutputOf), adapter.Settings);
        }
        catch (RefusedInputException refused)
        {
            throw Of(refused);
        }
    }

    /// <summary>What a layer's branch adds to its output for some input (2, k).</summary>
    private Tensor OutputOf(AdapterSite site)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var (layer, type) = (site.Linear, FrozenModel.TypeOn(model.Device, request.Training.Weights));
        var x = Scalars.Arange(2 * layer.In, model.Device).to(ScalarType.Float32).cos().view(2, layer.In).to(type); // (2, d)
        return (layer.Forward(x) - layer.Product(x)).to(ScalarType.Float32).MoveToOuterDisposeScope(); // (2, k)
    }

    /// <summary>Refuses settings such as another alpha, under which the same numbers compute something else.</summary>
    private void CheckSame(AdapterSite site, Tensor before, Tensor after, MethodSettings settings)
    {
        static double Largest(Tensor tensor)
        {
            using var largest = tensor.abs().amax([0, 1]);                       // ()
            return largest.item<float>();
        }
        using var off = before - after;                                          // (2, k)
        if (Largest(off) <= 0.02 * Largest(before)) return; // rounding, also that of bfloat16; alphas differ by more
        throw Refused($"computes something else with this job's settings, first in {site.Linear.Path}. Its own are "
            + $"{JsonSerializer.Serialize(settings, settings.GetType(), JsonText.Compact)}");
    }

    /// <summary>The classes of the given adapter's head, as far as it says, and whether this task continues the head.</summary>
    private (IReadOnlyList<string>? Classes, bool Continued) Head()
    {
        try
        {
            var about = File.Exists(Path.Combine(from.Path, AdapterTask.FileName)) ? AdapterTask.Read(from.Path) : null;
            if (about is not null && (about.Task.Kind != task.Kind || !(about.Task.Labels ?? []).SequenceEqual(task.Labels ?? [])))
                return (about.Task.Labels, false);
            if (!File.Exists(Weights)) return (null, true); // refused when it is read
            using var file = SafeTensorsFile.Open(Weights);
            return (about?.Task.Labels, model.HeadParameters.All(weight => file.Names.Any(name => TargetLayers.Matches(name, weight.Name)
                && file.ShapeOf(name).SequenceEqual(weight.Frozen.shape))));
        }
        catch (RefusedInputException refused)
        {
            throw Of(refused);
        }
    }

    private string? HeadRemark(IReadOnlyList<string>? classes, bool continued) =>
        model.TrainedHead.Count == 0 ? null
        : continued ? classes is null && task.Kind == TaskKind.Classification
            ? "so does its head, which does not say the order of its classes: it must be that of this task"
            : "so does its head"
        : classes is { Count: > 0 } ? $"its head is for other classes ({string.Join(", ", classes)}), so the head starts afresh"
        : "it has no head for this task, so the head starts afresh";

    private string BaseRemark()
    {
        var (trainedOn, here) = (PeftConfig.BaseModelOf(from.Path), request.Model);
        static string Last(string model) => model.TrimEnd('/').Split('/', ':')[^1].Split('@')[0];
        return trainedOn is null || string.Equals(Last(trainedOn), Last(here), StringComparison.OrdinalIgnoreCase) ? ""
            : $" It was trained on {trainedOn}.";
    }

    /// <summary>The method of an adapter; not lora-drop, of whose places a file in PEFT's format says nothing.</summary>
    private static Method MethodOf(MethodSettings settings) => Domain.Methods.All.First(method =>
        method.Section == settings.Section && method.Placing != Placing.ByImportance);

    private static HashSet<string> Paths(IEnumerable<AdapterSite> sites) => [.. sites.Select(site => site.Linear.Path)];

    private static string Difference(HashSet<string> has, HashSet<string> wants) =>
        has.Except(wants).FirstOrDefault() is { } more ? $"{more}, which is no target of this job"
        : $"{has.Count} layers, {wants.Except(has).First()} not among them";

    private RefusedInputException Refused(string why) => new(Field, $"{from.Name} {why}");

    /// <summary>The same faults, of the field that named the adapter.</summary>
    private RefusedInputException Of(RefusedInputException refused) => new([.. refused.Faults.Select(fault => fault.Path == Field
        ? fault
        : new Fault(Field, $"{from.Name} cannot be continued: "
            + fault.ToString().Replace(from.Path + Path.DirectorySeparatorChar, "", StringComparison.Ordinal)))]);
}
