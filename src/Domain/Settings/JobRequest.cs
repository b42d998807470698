using System.Text.Json;
using System.Text.Json.Serialization;

namespace LoraDrop.Domain;

/// <summary>The settings of a job, with all defaults filled in. Past <see cref="Parse"/> it is trusted.</summary>
/// <remarks>Two requests are equal if they resolve to the same JSON.</remarks>
public sealed record JobRequest
{
    private const int MostLabels = 16;

    /// <summary>An optional name of up to 200 characters.</summary>
    public string? Name { get; init; }

    /// <summary>The base model: a registered name, or a source such as <c>hf:FacebookAI/roberta-base</c>.</summary>
    public required string Model { get; init; }

    /// <summary>The dataset: a registered name, or a source such as <c>hf:nyu-mll/glue#rte</c>; on the command line a folder or training
    /// file.</summary>
    public required string Dataset { get; init; }

    public required TaskSettings Task { get; init; }

    /// <summary>The tuning method; default <c>lora-drop</c>.</summary>
    public Method Method { get; init; } = Methods.LoraDrop;

    /// <summary>The method's own settings. In JSON they are in the method's section (<see cref="Methods.JsonSections"/>).</summary>
    [JsonIgnore]
    public MethodSettings Tuning { get; init; } = new LoraSettings();

    /// <summary>An adapter in PEFT's format to continue from, of the same method and settings: the id of a finished job,
    /// <c>hf:org/name</c>, <c>s3://bucket/folder</c> or <c>file:/folder</c>, or on the command line a folder; default null: the method's
    /// own initial values.</summary>
    /// <remarks>Its head is continued too if it is for the same classes.</remarks>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? InitialAdapter { get; init; }

    /// <summary>Settings of stage 1; null if importance is not measured.</summary>
    public ImportanceSettings? Importance { get; init; }

    /// <summary>Which layers keep a branch of their own; null if all do.</summary>
    public SharingSettings? Sharing { get; init; }

    /// <summary>Scores with branches switched off after training; null: none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public SwitchOffSettings? SwitchOff { get; init; }

    /// <summary>The stages, in order.</summary>
    [JsonIgnore]
    public IReadOnlyList<Stage> Stages =>
        Sharing is null ? [Stage.TaskAdaptation] : [Stage.ImportanceEvaluation, Stage.TaskAdaptation];

    public required TrainingSettings Training { get; init; }

    /// <summary>Priority in the queue; default <c>default</c>.</summary>
    public JobPriority Priority { get; init; } = JobPriority.Default;

    /// <summary>Requirements for the worker; default none.</summary>
    public WorkerDemand Worker { get; init; } = new();

    /// <summary>Labels for filtering; up to 16 pairs, names up to 63 and values up to 255 characters.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>Parses a request strictly and resolves its defaults.</summary>
    /// <exception cref="RefusedInputException">With all faults at once, each with its JSON path.</exception>
    public static JobRequest Parse(string json)
    {
        var draft = JobDraft.Read(json);
        return draft.Faults.Count == 0 ? draft.Request : throw new RefusedInputException(draft.Faults);
    }

    /// <summary>The resolved settings; parsing them again gives an equal request.</summary>
    public string ToJson() => JsonText.Of(this);

    /// <summary>The settings that determine the result: all but <see cref="Priority"/> and <see cref="Worker"/>.</summary>
    /// <remarks>Requests that differ only in these are the same run, and one can continue the other.</remarks>
    public string ToRunJson()
    {
        var json = JsonSerializer.SerializeToNode(this, JsonText.Options)!.AsObject();
        foreach (var setting in new[] { nameof(Priority), nameof(Worker) }) json.Remove(JsonNamingPolicy.CamelCase.ConvertName(setting));
        return json.ToJsonString(JsonText.Options);
    }

    /// <summary>Everything in the settings that measured importance depends on, as JSON: equal texts mean equal importance on equal
    /// inputs.</summary>
    /// <param name="inputs">The identity of model, data and whatever else it depends on.</param>
    public string ImportanceInputs(object inputs) => JsonSerializer.Serialize(new
    {
        Inputs = inputs, Task, Method.Section,
        Tuning = JsonSerializer.SerializeToElement(Tuning, Method.SettingsType, JsonText.Compact),
        Importance = Importance! with { From = null, After = null },
        ByDirections = Sharing is { IsByRank: true, WarmStart: true }, // their order in stage 1's adapter
        Training = new
        {
            Training.BatchSize, Training.LearningRate, Training.ClassifierLearningRate, Training.WarmupRatio, Training.Schedule,
            Training.WeightDecay, Training.MaxLength, Training.Seed, Training.MaxGradNorm, Training.Accumulation,
        },
    }, JsonText.Compact);

    public IEnumerable<Fault> Faults()
    {
        if (Name?.Length > 200) yield return new("name", $"must have at most 200 characters; got {Name.Length}");
        foreach (var fault in NamedValues.Faults(Labels, "labels", MostLabels)) yield return fault;
        if (Training.Packing is not null && Task.Kind != TaskKind.Generation)
            yield return new("training.packing", "applies only to generation");
        foreach (var fault in Tuning.TrainingFaults(Training)) yield return fault;
        if (Sharing is not null)
            foreach (var fault in Tuning.SharingFaults(Method.Section, Sharing)) yield return fault;
        if (Importance?.Scope == ImportanceScope.Joint && Sharing is { IsByRank: true })
            yield return new("importance.scope", "must be per-type with the granularity rank, which ranks the directions of a module type");
        if (InitialAdapter is not null && !Method.HasPeftFormat)
            yield return new("initialAdapter", $"does not apply to the method {Method}, for which PEFT has no format");
        if (InitialAdapter is not null && Sharing is not null)
            yield return new("initialAdapter", "cannot be combined with sharing, whose stage 1 measures what a new adapter learns; "
                + "sharing.warmStart continues that one in stage 2");
        foreach (var fault in SwitchOff?.Faults("switchOff", this) ?? []) yield return fault;
        var sections = Task.Faults("task").Concat(Tuning.Faults(Method.Section)).Concat(Training.Faults("training"))
            .Concat(Importance?.Faults("importance") ?? []).Concat(Sharing?.Faults("sharing") ?? []).Concat(Worker.Faults("worker"));
        foreach (var fault in sections) yield return fault;
    }

    public bool Equals(JobRequest? other) => other is not null && ToJson() == other.ToJson();

    public override int GetHashCode() => ToJson().GetHashCode(StringComparison.Ordinal);

    internal static JobRequest Read(JsonFields fields)
    {
        var task = fields.Section("task", TaskSettings.Read);
        var method = fields.Method("method") ?? Methods.LoraDrop;
        foreach (var other in method.OtherSections.Where(fields.Has))
            fields.Refuse(other, $"does not apply to the method {method}, whose settings are in {method.Section}");
        var byImportance = IsPlacedByImportance(fields, method);
        return new JobRequest
        {
            Name = fields.Text("name"),
            Model = fields.RequiredText("model"),
            Dataset = fields.RequiredText("dataset"),
            Task = task,
            Method = method,
            Tuning = fields.Section(method.Section, section => method.Read(section, TaskPreset.Find(task.Preset))),
            InitialAdapter = fields.Text("initialAdapter"),
            Importance = byImportance ? fields.Section("importance", ImportanceSettings.Read) : null,
            Sharing = byImportance ? fields.Section("sharing", SharingSettings.Read) : null,
            SwitchOff = fields.Has("switchOff") ? fields.Section("switchOff", SwitchOffSettings.Read) : null,
            Training = fields.Section("training", training => TrainingSettings.Read(training, task, method)),
            Priority = fields.Choice<JobPriority>("priority") ?? JobPriority.Default,
            Worker = fields.Section("worker", WorkerDemand.Read),
            Labels = fields.Pairs("labels"),
        };
    }

    /// <summary>Whether importance decides where the method's branches go; refuses the sections of importance where it cannot.</summary>
    private static bool IsPlacedByImportance(JsonFields fields, Method method)
    {
        if (method.Placing == Placing.ByImportance) return true;
        var (sharing, importance) = (fields.Has("sharing"), fields.Has("importance"));
        if (method.Placing == Placing.Either)
        {
            if (importance && !sharing) fields.Refuse("importance", $"applies to the method {method} only together with sharing");
            return sharing;
        }
        var why = $"does not apply to the method {method}" + method.Placing switch
        {
            Placing.Tied => ", whose layers share their numbers already; remove it",
            Placing.InPlace => ", which puts nothing beside a layer whose output could be measured; remove it",
            Placing.BeforeText => ", which is before the text, beside no layer whose output could be measured; remove it",
            _ => "; remove it or use lora-drop",
        };
        if (importance) fields.Refuse("importance", why);
        if (sharing) fields.Refuse("sharing", why);
        return false;
    }
}
