using System.Text.Json;

namespace LoraDrop.Domain;

/// <summary>How a model is adapted to a task.</summary>
public enum TuningMethod
{
    /// <summary>Measures the importance of each layer's LoRA, keeps the important ones, and shares one LoRA among the others.</summary>
    LoraDrop,

    /// <summary>A LoRA for every layer (Hu et al. 2021): the baseline.</summary>
    Lora,
}

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
    public TuningMethod Method { get; init; } = TuningMethod.LoraDrop;

    public required LoraSettings Lora { get; init; }

    /// <summary>Settings of stage 1; null if the method does not measure importance.</summary>
    public ImportanceSettings? Importance { get; init; }

    /// <summary>Which layers keep their own LoRA; null if the method does not share LoRAs.</summary>
    public SharingSettings? Sharing { get; init; }

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

    public IEnumerable<Fault> Faults()
    {
        if (Name?.Length > 200) yield return new("name", $"must have at most 200 characters; got {Name.Length}");
        foreach (var fault in NamedValues.Faults(Labels, "labels", MostLabels)) yield return fault;
        if (Training.Packing is not null && Task.Kind != TaskKind.Generation)
            yield return new("training.packing", "applies only to generation");
        var sections = Task.Faults("task").Concat(Lora.Faults("lora")).Concat(Training.Faults("training"))
            .Concat(Importance?.Faults("importance") ?? []).Concat(Sharing?.Faults("sharing") ?? []).Concat(Worker.Faults("worker"));
        foreach (var fault in sections) yield return fault;
    }

    public bool Equals(JobRequest? other) => other is not null && ToJson() == other.ToJson();

    public override int GetHashCode() => ToJson().GetHashCode(StringComparison.Ordinal);

    internal static JobRequest Read(JsonFields fields)
    {
        var task = fields.Section("task", TaskSettings.Read);
        var method = fields.Choice<TuningMethod>("method") ?? TuningMethod.LoraDrop;
        return new JobRequest
        {
            Name = fields.Text("name"),
            Model = fields.RequiredText("model"),
            Dataset = fields.RequiredText("dataset"),
            Task = task,
            Method = method,
            Lora = fields.Section("lora", lora => LoraSettings.Read(lora, TaskPreset.Find(task.Preset))),
            Importance = DropSection(fields, "importance", method, ImportanceSettings.Read),
            Sharing = DropSection(fields, "sharing", method, SharingSettings.Read),
            Training = fields.Section("training", training => TrainingSettings.Read(training, task)),
            Priority = fields.Choice<JobPriority>("priority") ?? JobPriority.Default,
            Worker = fields.Section("worker", WorkerDemand.Read),
            Labels = fields.Pairs("labels"),
        };
    }

    private static T? DropSection<T>(JsonFields fields, string name, TuningMethod method, Func<JsonFields, T> read) where T : class
    {
        var belongs = method == TuningMethod.LoraDrop;
        if (!belongs && fields.Has(name))
            fields.Refuse(name, $"does not apply to the method {JsonText.NameOf(method)}; remove it or use lora-drop");
        return belongs || fields.Has(name) ? fields.Section(name, read) : null;
    }
}
