namespace LoraDrop.Domain;

/// <summary>How a model is adapted to a task.</summary>
public enum TuningMethod
{
    /// <summary>Measure the importance of each layer's LoRA, keep the important ones, share one LoRA among the others.</summary>
    LoraDrop,

    /// <summary>A LoRA for every layer (Hu et al. 2021): the baseline.</summary>
    Lora,
}

/// <summary>What a job asks for, with every default filled in. Past <see cref="Parse"/> it is trusted.</summary>
/// <remarks>Two requests are equal when they say the same: they resolve to the same JSON.</remarks>
public sealed record JobRequest
{
    /// <summary>A name for people; up to 200 characters, optional.</summary>
    public string? Name { get; init; }

    /// <summary>The base model: a registered name, or a place it can be loaded from.</summary>
    public required string Model { get; init; }

    /// <summary>The data: a registered name, or a place; for the command line a folder or a training file.</summary>
    public required string Dataset { get; init; }

    public required TaskSettings Task { get; init; }

    /// <summary>How to adapt the model; default <c>lora-drop</c>.</summary>
    public TuningMethod Method { get; init; } = TuningMethod.LoraDrop;

    public required LoraSettings Lora { get; init; }

    /// <summary>Stage 1; null where the method measures no importance.</summary>
    public ImportanceSettings? Importance { get; init; }

    /// <summary>Which layers keep a LoRA of their own; null where the method shares none.</summary>
    public SharingSettings? Sharing { get; init; }

    public required TrainingSettings Training { get; init; }

    /// <summary>Names and values for finding jobs again; up to 16 pairs, names up to 63 and values up to 255 characters.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>Reads a request strictly and resolves its defaults.</summary>
    /// <exception cref="RefusedInputException">With all faults at once, each with its JSON path.</exception>
    public static JobRequest Parse(string json)
    {
        var draft = JobDraft.Read(json);
        return draft.Faults.Count == 0 ? draft.Request : throw new RefusedInputException(draft.Faults);
    }

    /// <summary>The resolved settings; parsing them again gives an equal request.</summary>
    public string ToJson() => JsonText.Of(this);

    public IEnumerable<Fault> Faults()
    {
        if (Name?.Length > 200) yield return new("name", $"must have at most 200 characters; got {Name.Length}");
        if (Labels.Count > 16) yield return new("labels", $"must be at most 16 pairs; got {Labels.Count}");
        foreach (var (name, value) in Labels)
        {
            if (name.Length is 0 or > 63) yield return new($"labels.{name}", $"must have a name of 1 to 63 characters; got {name.Length}");
            if (value.Length > 255) yield return new($"labels.{name}", $"must have at most 255 characters; got {value.Length}");
        }
        var sections = Task.Faults("task").Concat(Lora.Faults("lora")).Concat(Training.Faults("training"))
            .Concat(Importance?.Faults("importance") ?? []).Concat(Sharing?.Faults("sharing") ?? []);
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
            Lora = fields.Section("lora", LoraSettings.Read),
            Importance = DropSection(fields, "importance", method, ImportanceSettings.Read),
            Sharing = DropSection(fields, "sharing", method, SharingSettings.Read),
            Training = fields.Section("training", training => TrainingSettings.Read(training, TaskPreset.Find(task.Preset))),
            Labels = fields.Pairs("labels"),
        };
    }

    private static T? DropSection<T>(JsonFields fields, string name, TuningMethod method, Func<JsonFields, T> read) where T : class
    {
        var belongs = method == TuningMethod.LoraDrop;
        if (!belongs && fields.Has(name)) fields.Refuse(name, $"does not belong to the method {JsonText.NameOf(method)}: leave it out, or choose lora-drop");
        return belongs || fields.Has(name) ? fields.Section(name, read) : null;
    }
}
