using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace LoraDrop.Domain;

/// <summary>A grid of jobs that are run and compared as one. Past <see cref="Parse"/> it is trusted.</summary>
public sealed record ExperimentRequest
{
    /// <summary>The axis of seeds: its values are repetitions, over which results are averaged.</summary>
    public const string SeedAxis = "training.seed";

    /// <summary>The label that every job of an experiment has.</summary>
    public const string Label = "experiment";

    private const int MostParallel = 256;

    /// <summary>An optional name of up to 200 characters.</summary>
    public string? Name { get; init; }

    /// <summary>The preset that <see cref="Base"/> and <see cref="Grid"/> were made by; null if they were given.</summary>
    public string? Preset { get; init; }

    /// <summary>Settings that all jobs have in common: fields of a job's request.</summary>
    public required JsonObject Base { get; init; }

    /// <summary>The axes, in order. Every combination of their values is a job.</summary>
    public required IReadOnlyList<GridAxis> Grid { get; init; }

    /// <summary>The values, by axis, of what the others are compared with; null if nothing is compared.</summary>
    public IReadOnlyDictionary<string, string>? Baseline { get; init; }

    /// <summary>The most jobs that run or wait in the queue at a time; null for no limit.</summary>
    public int? Parallel { get; init; }

    /// <summary>Priority of the jobs in the queue; default <c>low</c>, so that single jobs do not wait for a grid.</summary>
    public JobPriority Priority { get; init; } = JobPriority.Low;

    /// <summary>Labels of every job, besides <c>experiment</c>.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>How many jobs the grid would have, were every setting to apply to every method.</summary>
    [JsonIgnore]
    public long Size => Grid.Aggregate(1L, (product, axis) => Math.Min(product * Math.Max(1, axis.Values.Count), int.MaxValue));

    /// <summary>Parses a request strictly.</summary>
    /// <exception cref="RefusedInputException">With all faults at once, each with its JSON path.</exception>
    public static ExperimentRequest Parse(string json)
    {
        var faults = new List<Fault>();
        var request = JsonFields.Read(json, faults, Read);
        faults.AddRange(request.Faults());
        return faults.Count == 0 ? request : throw new RefusedInputException(faults);
    }

    /// <summary>The resolved request; parsing it again gives an equal one.</summary>
    public string ToJson() => ToJsonObject().ToJsonString(JsonText.Compact);

    /// <summary>The same with more seeds.</summary>
    /// <param name="seeds">The new ones.</param>
    /// <exception cref="RefusedInputException">One is there already.</exception>
    public ExperimentRequest WithSeeds(IReadOnlyList<long> seeds)
    {
        var own = (Base["training"] as JsonObject)?["seed"]?.GetValue<long>() ?? new TrainingSettings().Seed;
        var axis = Grid.FirstOrDefault(axis => axis.Name == SeedAxis)
            ?? new(SeedAxis, [GridValue.Of(SeedAxis, JsonSerializer.SerializeToElement(own))]);
        var added = seeds.Select(seed => GridValue.Of(SeedAxis, JsonSerializer.SerializeToElement(seed))).ToArray();
        foreach (var (i, value) in added.Index())
            if (axis.Values.Concat(added[..i]).Any(known => known.Label == value.Label))
                throw new RefusedInputException($"seeds[{i}]", $"{value.Label} is a seed of this experiment already");
        var extended = axis with { Values = [.. axis.Values, .. added] };
        return this with { Grid = [.. Grid.Where(other => other.Name != SeedAxis), extended] };
    }

    /// <summary>Parses seeds to add: <c>{"seeds": [4, 5]}</c>.</summary>
    /// <exception cref="RefusedInputException">There are none, or they are no whole numbers.</exception>
    public static IReadOnlyList<long> ReadSeeds(string json)
    {
        var faults = new List<Fault>();
        var seeds = JsonFields.Read(json, faults, fields => fields.Seeds("seeds"));
        if (seeds is null && faults.Count == 0) faults.Add(new("seeds", "is required"));
        return faults.Count == 0 ? seeds! : throw new RefusedInputException(faults);
    }

    internal static ExperimentRequest Read(JsonFields fields)
    {
        var preset = fields.Text("preset");
        var grid = fields.Has("grid") ? fields.Section("grid", ReadGrid) : [];
        var common = ReadBase(fields);
        var request = new ExperimentRequest
        {
            Name = fields.Text("name"), Preset = preset, Base = common, Grid = grid,
            Baseline = fields.Has("baseline") ? fields.Section("baseline", ReadBaseline) : null,
            Parallel = fields.Integer("parallel"), Priority = fields.Choice<JobPriority>("priority") ?? JobPriority.Low,
            Labels = fields.Pairs("labels"),
        };
        if (preset is null || grid.Count > 0) // one with a grid is resolved already
        {
            foreach (var field in (string[])["model", "tasks", "seeds", "methods"])
                if (fields.Has(field)) fields.Refuse(field, "applies only with a preset; give base and grid, or a preset");
            if (grid.Count == 0) fields.Refuse("grid", "must have at least one axis, such as {\"method\": [\"lora\", \"lora-drop\"]}");
            return request;
        }
        return PaperPresets.Find(preset) is { } found ? found.Expand(request, fields) : Unknown(request, fields, preset);
    }

    /// <summary>Faults of the request itself; those of its jobs come with <see cref="ExperimentPlan"/>.</summary>
    private IEnumerable<Fault> Faults()
    {
        if (Name?.Length > 200) yield return new("name", $"must have at most 200 characters; got {Name.Length}");
        if (Parallel is < 1 or > MostParallel) yield return new("parallel", $"must lie in [1, {MostParallel}]; got {Parallel}");
        foreach (var fault in NamedValues.Faults(Labels, "labels", 15)) yield return fault;
        if (Labels.ContainsKey(Label)) yield return new($"labels.{Label}", "is set to the id of the experiment; choose another name");
        foreach (var axis in Grid)
        {
            if (axis.Values.Count == 0) yield return new($"grid.{axis.Name}", "must have at least one value");
            foreach (var (i, value) in axis.Values.Index())
                if (axis.Values.Take(i).Index().FirstOrDefault(known => known.Item.Label == value.Label) is { Item: not null } same)
                    yield return new($"grid.{axis.Name}[{i}]", $"{value.Label} is there already, as number {same.Index}");
        }
        foreach (var (name, label) in Baseline ?? new Dictionary<string, string>())
        {
            var axis = Grid.FirstOrDefault(axis => axis.Name == name);
            if (axis is null || name == SeedAxis)
                yield return new($"baseline.{name}", "must be an axis of the grid, other than the seed: "
                    + string.Join(", ", Grid.Select(known => known.Name).Where(known => known != SeedAxis)));
            else if (axis.Values.All(value => value.Label != label))
                yield return new($"baseline.{name}", "must be a value of that axis ("
                    + $"{string.Join(", ", axis.Values.Select(value => value.Label))}); got {label}");
        }
    }

    private JsonObject ToJsonObject()
    {
        JsonNode ValueOf(GridValue value) => value.IsPlain ? JsonNode.Parse(value.Settings[0].Value.GetRawText())! : new JsonObject
        {
            ["name"] = value.Label,
            ["set"] = new JsonObject(value.Settings.Select(set => KeyValuePair.Create(set.Key, JsonNode.Parse(set.Value.GetRawText())))),
        };
        return new()
        {
            ["name"] = Name, ["preset"] = Preset, ["base"] = Base.DeepClone(),
            ["grid"] = new JsonObject(Grid.Select(axis => KeyValuePair.Create(axis.Name,
                (JsonNode?)new JsonArray([.. axis.Values.Select(ValueOf)])))),
            ["baseline"] = Baseline is null ? null
                : new JsonObject(Baseline.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value))),
            ["parallel"] = Parallel, ["priority"] = JsonText.NameOf(Priority),
            ["labels"] = new JsonObject(Labels.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value))),
        };
    }

    private static JsonObject ReadBase(JsonFields fields)
    {
        if (!fields.Has("base")) return [];
        if (fields.Node("base") is not { } json) return [];
        if (json is not JsonObject common)
        {
            fields.Refuse("base", "must be an object with settings of a job");
            return [];
        }
        foreach (var own in (string[])["name", "labels", "priority"])
            if (common.ContainsKey(own)) fields.Refuse($"base.{own}", "is the experiment's: give it beside base");
        return common;
    }

    private static IReadOnlyList<GridAxis> ReadGrid(JsonFields fields) => [.. fields.Names.ToArray().Select(name =>
    {
        if (fields.Node(name) is not JsonArray)
        {
            fields.Refuse(name, "must be a list of values");
            return new GridAxis(name, []);
        }
        var json = fields.Raw(name);
        return new GridAxis(name,
            [.. json.EnumerateArray().Select((item, i) => GridValue.Read(fields, name, i, item)).OfType<GridValue>()]);
    })];

    private static IReadOnlyDictionary<string, string> ReadBaseline(JsonFields fields) =>
        fields.Names.ToArray().Where(name => fields.Node(name) is not null)
            .ToDictionary(name => name, name => GridValue.LabelOf(fields.Raw(name)));

    private static ExperimentRequest Unknown(ExperimentRequest request, JsonFields fields, string preset)
    {
        fields.Refuse("preset", $"must be one of {string.Join(", ", PaperPresets.Names)}; got \"{preset}\""
            + Spelling.Hint(preset, PaperPresets.Names));
        foreach (var field in (string[])["model", "tasks", "seeds", "methods"]) _ = fields.Has(field);
        return request;
    }
}

/// <summary>One axis of a grid: a setting by its path, or variants of several settings.</summary>
/// <param name="Name">The setting's path, such as <c>sharing.threshold</c>, or any name if its values say what they set.</param>
/// <param name="Values">The values.</param>
public sealed record GridAxis(string Name, IReadOnlyList<GridValue> Values);

/// <summary>One value of an axis.</summary>
/// <param name="Label">Its name in tables.</param>
/// <param name="Settings">What it sets: values by their paths in a job's request.</param>
/// <param name="IsPlain">Whether it was given as the value of the setting that the axis names.</param>
public sealed record GridValue(string Label, IReadOnlyList<KeyValuePair<string, JsonElement>> Settings, bool IsPlain = false)
{
    /// <summary>The value of a setting.</summary>
    public static GridValue Of(string path, JsonElement value) => new(LabelOf(value), [KeyValuePair.Create(path, value)], IsPlain: true);

    /// <summary>The name of a plain value in tables.</summary>
    public static string LabelOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString()!,
        JsonValueKind.Number when value.TryGetDouble(out var number) => number.ToString(CultureInfo.InvariantCulture),
        _ => value.GetRawText(),
    };

    internal static GridValue? Read(JsonFields fields, string axis, int index, JsonElement json)
    {
        var at = $"{axis}[{index}]";
        if (json.ValueKind != JsonValueKind.Object || !json.TryGetProperty("set", out var set)) return Of(axis, json.Clone());
        if (!json.TryGetProperty("name", out var name) || name.ValueKind != JsonValueKind.String
            || string.IsNullOrWhiteSpace(name.GetString()))
            fields.Refuse($"{at}.name", "is required beside set: the value's name in tables");
        else if (PlainText.Fault(name.GetString()!) is { } strange) fields.Refuse($"{at}.name", strange);
        else if (set.ValueKind != JsonValueKind.Object || !set.EnumerateObject().Any())
            fields.Refuse($"{at}.set",
                "must be an object with at least one setting by its path, such as {\"sharing.remainder\": \"none\"}");
        else if (json.EnumerateObject().Select(field => field.Name).FirstOrDefault(field => field is not ("name" or "set")) is { } more)
            fields.Refuse($"{at}.{more}", "unknown field; a value has name and set");
        else
            return new(name.GetString()!, [.. set.EnumerateObject().Select(field => KeyValuePair.Create(field.Name, field.Value.Clone()))]);
        return null;
    }
}
