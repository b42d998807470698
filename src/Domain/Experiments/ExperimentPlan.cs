using System.Text.Json;
using System.Text.Json.Nodes;

namespace LoraDrop.Domain;

/// <summary>A point of a grid: one job.</summary>
/// <param name="Values">Its value's name on each axis, in the grid's order; null where the axis does not apply to its method.</param>
/// <param name="Draft">The job's settings, parsed.</param>
public sealed record ExperimentPoint(IReadOnlyDictionary<string, string?> Values, JobDraft Draft)
{
    /// <summary>Its values on one line, such as <c>method lora-drop, training.seed 1</c>.</summary>
    public override string ToString() => Text(Values);

    /// <summary>Values on one line.</summary>
    public static string Text(IReadOnlyDictionary<string, string?> values) =>
        string.Join(", ", values.Where(value => value.Value is not null).Select(value => $"{value.Key} {value.Value}"));
}

/// <summary>The jobs of an experiment, made from its grid.</summary>
/// <param name="Points">The jobs, in the order of the grid, the first axis slowest.</param>
/// <param name="Faults">Faults of the jobs, each once, with its path in the experiment's request.</param>
/// <param name="Remarks">What of the grid does not apply to which method.</param>
public sealed record ExperimentPlan(IReadOnlyList<ExperimentPoint> Points, IReadOnlyList<Fault> Faults, IReadOnlyList<string> Remarks)
{
    private const string ByImportance = "importance and sharing apply to lora-drop alone; to place another method by importance, give both "
        + "in one value: {\"name\": …, \"set\": {\"method\": \"vera\", \"sharing.threshold\": 0.9}}";

    /// <summary>Makes every job of a grid.</summary>
    /// <param name="request">The request.</param>
    /// <param name="mostJobs">The most jobs that an experiment may have.</param>
    public static ExperimentPlan Of(ExperimentRequest request, int mostJobs)
    {
        if (request.Size > mostJobs)
            return new([],
                [new("grid", $"has {request.Size:N0} combinations, and an experiment may have {mostJobs:N0} jobs; take fewer values")], []);
        var (points, faults) = (new List<ExperimentPoint>(), new Dictionary<Fault, string>());
        var remarks = new SortedSet<string>(StringComparer.Ordinal);
        var known = new Dictionary<string, ExperimentPoint>();
        foreach (var chosen in Combinations(request.Grid))
        {
            var (json, values) = Settings(request, chosen, remarks, faults);
            if (points.Any(point => point.Values.SequenceEqual(values))) continue; // the same job, as an axis does not apply
            var point = new ExperimentPoint(values, JobDraft.Read(json.ToJsonString()));
            points.Add(point);
            foreach (var fault in point.Draft.Faults) faults.TryAdd(Placed(fault, request), point.ToString());
            if (point.Draft.Faults.Count > 0) continue;
            var run = point.Draft.Request.ToRunJson();
            if (!known.TryAdd(run, point)) faults.TryAdd(new("grid", $"has the same job twice: {known[run]}, and {point}"), "");
        }
        return new(points, [.. faults.Select(fault => points.Count > 1 && fault.Value.Length > 0
            ? fault.Key with { Message = $"{fault.Key.Message} (first in the job with {fault.Value})" }
            : fault.Key)], [.. remarks]);
    }

    /// <summary>Which jobs measure the same importance: the number of the job that measures it first, for each that can take it
    /// over.</summary>
    /// <remarks>A job that has to wait for no other is not listed.</remarks>
    public static IReadOnlyDictionary<int, int> SharedImportance(IReadOnlyList<JobRequest> jobs)
    {
        var (first, shared) = (new Dictionary<string, int>(), new Dictionary<int, int>());
        foreach (var (i, job) in jobs.Index().Where(job => job.Item is { Sharing: not null, Importance.From: null }))
        {
            var measured = job.ImportanceInputs($"{job.Model}\n{job.Dataset}");
            if (!first.TryAdd(measured, i)) shared[i] = first[measured];
        }
        return shared;
    }

    /// <summary>Every choice of one value per axis, the first axis slowest.</summary>
    private static IEnumerable<IReadOnlyList<(GridAxis Axis, GridValue Value)>> Combinations(IReadOnlyList<GridAxis> axes)
    {
        IEnumerable<IReadOnlyList<(GridAxis, GridValue)>> combined = [[]];
        foreach (var axis in axes)
            combined = combined.SelectMany(so => axis.Values.Select(value =>
                (IReadOnlyList<(GridAxis, GridValue)>)[.. so, (axis, value)]));
        return combined;
    }

    /// <summary>The settings of one job, without those of the base and of other axes that its method does not take.</summary>
    private static (JsonObject Json, IReadOnlyDictionary<string, string?> Values) Settings(ExperimentRequest request,
        IReadOnlyList<(GridAxis Axis, GridValue Value)> chosen, SortedSet<string> remarks, Dictionary<Fault, string> faults)
    {
        var json = request.Base.DeepClone().AsObject();
        var setter = chosen.LastOrDefault(choice => choice.Value.Settings.Any(set => set.Key == "method"));
        var method = Methods.Find(setter.Value?.Settings.Last(set => set.Key == "method").Value is { ValueKind: JsonValueKind.String } name
            ? name.GetString()
            : null);
        bool Applies(string path) => method is null || !(method.OtherSections.Contains(Section(path))
            || (Section(path) is "importance" or "sharing" && method.Placing != Placing.ByImportance));
        if (method is not null)
            foreach (var section in json.Select(field => field.Key).Where(section => !Applies(section)).ToArray()) json.Remove(section);
        var values = new OrderedDictionary<string, string?>();
        foreach (var (axis, value) in chosen)
        {
            var taken = value.Settings.Where(set => ReferenceEquals(value, setter.Value) || Applies(set.Key)).ToArray();
            foreach (var left in value.Settings.Except(taken))
                remarks.Add($"{left.Key} is left out of jobs with the method {method}, to which it does not apply"
                    + (method!.Placing == Placing.Either && Section(left.Key) is "importance" or "sharing" ? $"; {ByImportance}." : "."));
            values[axis.Name] = taken.Length > 0 ? value.Label : null;
            foreach (var (path, setting) in taken)
                if (!Put(json, path, JsonNode.Parse(setting.GetRawText())))
                    faults.TryAdd(new($"grid.{axis.Name}", $"sets {path}, whose beginning is no section of settings"), "");
        }
        json["priority"] = JsonText.NameOf(request.Priority);
        if (request.Labels.Count > 0)
            json["labels"] = new JsonObject(request.Labels.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value)));
        return (json, values);
    }

    private static string Section(string path) => path.Split('.')[0];

    /// <summary>Sets a value at a dotted path; false if the path leads through something that is no object.</summary>
    private static bool Put(JsonObject json, string path, JsonNode? value)
    {
        var parts = path.Split('.');
        foreach (var part in parts[..^1])
        {
            json[part] ??= new JsonObject();
            if (json[part] is not JsonObject section) return false;
            json = section;
        }
        json[parts[^1]] = value;
        return true;
    }

    /// <summary>A fault of a job, with the path at which the experiment's author gave the setting.</summary>
    public static Fault Placed(Fault fault, ExperimentRequest request)
    {
        bool Is(string path) => fault.Path == path || fault.Path.StartsWith($"{path}.", StringComparison.Ordinal)
            || fault.Path.StartsWith($"{path}[", StringComparison.Ordinal) || path.StartsWith($"{fault.Path}.", StringComparison.Ordinal);
        var axis = request.Grid.FirstOrDefault(axis => axis.Values.Any(value => value.Settings.Any(set => Is(set.Key))));
        var named = axis is null ? "" : axis.Values.All(value => value.IsPlain) ? fault.Path == axis.Name ? "" : $"{fault.Path}: "
            : $"{fault.Path}: ";
        return axis is null ? fault with { Path = $"base.{fault.Path}" } : new($"grid.{axis.Name}", named + fault.Message);
    }
}
