using System.Globalization;
using System.Text.Json;
using LoraDrop.Domain;

namespace LoraDrop.Api;

/// <summary>Converts an OpenAI request to a <see cref="JobRequest"/>, and the paths of its faults back to OpenAI's names.</summary>
/// <remarks>The request is rewritten as the body of <c>POST /jobs</c> and parsed by the same reader, so the same rules apply to
/// both.</remarks>
internal sealed class FineTuningRequest
{
    private const int LongestSuffix = 64;

    /// <summary>Placeholder for a value that already has a fault.</summary>
    private const string Placeholder = "invalid";

    private const string Supervised = "supervised";

    private static readonly string[] Types = [Supervised, .. Methods.Names], OtherTypes = ["dpo", "reinforcement"];

    private readonly Dictionary<string, string> _written =
        new() { ["model"] = "model", ["dataset"] = "training_file", ["name"] = "suffix", ["labels"] = "metadata" };
    private readonly List<Fault> _faults = [];
    private readonly Dictionary<string, string> _files = [];
    private readonly Dictionary<string, string> _supervised = [];
    private string? _validationFile;
    private string? _section;
    private bool _hasTask;
    private readonly string _json, _preset;

    private FineTuningRequest(string json, string preset) => (_json, _preset) = (json, preset);

    /// <summary>The requested job; faults in OpenAI's fields have OpenAI's names as paths.</summary>
    public JobDraft Draft { get; private set; } = null!;

    /// <exception cref="RefusedInputException">The text is not a JSON object.</exception>
    public static FineTuningRequest Read(string json) => Read(json, TaskPreset.Labelled);

    /// <summary>The same request for a generative model: without an explicit task, it learns the assistant's messages.</summary>
    public FineTuningRequest ForGeneration() => _hasTask ? this : Read(_json, TaskPreset.Chat);

    private static FineTuningRequest Read(string json, string preset)
    {
        var request = new FineTuningRequest(json, preset);
        var body = JsonFields.Read(json, request._faults, request.BodyOf);
        var draft = JobDraft.Read(body);
        request.Draft = draft with { Faults = [.. draft.Faults, .. request._faults] };
        return request;
    }

    /// <summary>Converts a refusal of the job to the field names of this request.</summary>
    public Refusal Translated(Refusal refusal) =>
        refusal is Refusal.Invalid invalid ? new Refusal.Invalid([.. invalid.Faults.Select(Translated)]) : refusal;

    private Fault Translated(Fault fault)
    {
        var message = _files.Aggregate(fault.Message, (text, file) => text.Replace(file.Key, file.Value, StringComparison.Ordinal));
        if (fault.Path == "dataset" && _validationFile is not null && message.Contains(_validationFile, StringComparison.Ordinal))
            return new("validation_file", message);
        return new(PathOf(fault.Path), message);
    }

    private string PathOf(string path)
    {
        for (var known = path; known.Length > 0; known = known[..Math.Max(0, known.LastIndexOf('.'))])
            if (_written.TryGetValue(known, out var written)) return written + path[known.Length..];
        if (_faults.Exists(own => own.Path == path)) return path;
        // the file does not have the default format
        if (!_hasTask && path.StartsWith("task", StringComparison.Ordinal)) return "training_file";
        return _section is not null ? $"{_section}.{path}" : path;
    }

    /// <summary>The equivalent body of POST /jobs.</summary>
    private string BodyOf(JsonFields fields)
    {
        var parts = new Dictionary<string, string>();
        if (fields.Text("model") is { } model)
        {
            if (model.StartsWith(FineTunedModel.Prefix, StringComparison.Ordinal))
                fields.Refuse("model", "is a fine-tuned model; only base models can be fine-tuned in this version");
            parts["model"] = Json(model.StartsWith(FineTunedModel.Prefix, StringComparison.Ordinal) ? Placeholder : model);
        }
        if (DatasetOf(fields) is { } dataset) parts["dataset"] = Json(dataset);
        if (fields.Text("suffix") is { } suffix)
        {
            if (suffix.Length > LongestSuffix)
                fields.Refuse("suffix", $"must have at most {LongestSuffix} characters; got {suffix.Length}");
            parts["name"] = Json(suffix);
        }
        if (fields.Has("metadata")) parts["labels"] = fields.Raw("metadata").GetRawText();
        if (fields.Raw("integrations") is not ({ ValueKind: JsonValueKind.Null } or { ValueKind: JsonValueKind.Array })
            || (fields.Raw("integrations") is { ValueKind: JsonValueKind.Array } list && list.GetArrayLength() > 0))
            fields.Refuse("integrations", "are not supported; remove this field");

        var (method, settings) = fields.Has("method") ? fields.Section("method", MethodOf) : (Methods.LoraDrop, null);
        parts["method"] = Json(method.Name);
        parts["task"] = JsonSerializer.Serialize(new { preset = _preset });
        _hasTask = settings?.ContainsKey("task") == true;
        foreach (var (name, value) in settings ?? []) parts[name] = value.GetRawText();
        var training = fields.Has("hyperparameters")
            ? fields.Section("hyperparameters", hyper => TrainingOf(hyper, "hyperparameters", settings))
            : [];
        if (_supervised.Count > 0 && training.Count > 0)
            fields.Refuse("hyperparameters", "are already given under method; remove them here");
        foreach (var (setting, value) in _supervised) training.TryAdd(setting, value);
        if (fields.LongInteger("seed") is { } seed)
        {
            _written["training.seed"] = "seed";
            training["seed"] = seed.ToString(CultureInfo.InvariantCulture);
        }
        if (training.Count > 0) parts["training"] = MergeTraining(fields, settings?.GetValueOrDefault("training"), training);
        return $"{{{string.Join(',', parts.Select(part => $"{Json(part.Key)}:{part.Value}"))}}}";
    }

    /// <summary>The files as a dataset. A training_file that is not a file id is the name or source of a dataset, as in POST
    /// /jobs.</summary>
    private string? DatasetOf(JsonFields fields)
    {
        var (training, validation) = (fields.Text("training_file"), fields.Text("validation_file"));
        _validationFile = validation;
        if (training is null) return null;
        if (!training.StartsWith("file-", StringComparison.Ordinal))
        {
            if (validation is not null)
                fields.Refuse("validation_file", "can only be used if training_file is a file id; a dataset has its own validation split");
            return training;
        }
        var (train, other) = (FileOf(training), validation is null ? null : FileOf(validation));
        return train is { } first && (validation is null || other is not null) ? new Source.Files(first, other).ToString() : Placeholder;
    }

    /// <summary>Parses the id of a file. Faults use the path dataset, so that no dataset is looked up.</summary>
    private Guid? FileOf(string written)
    {
        if (OpenAiIds.File(written) is not { } id)
        {
            _faults.Add(new("dataset", OpenAiIds.Result(written) is null
                ? $"file {written} not found"
                : $"{written} is a result file of a job and cannot be used for training"));
            return null;
        }
        _files[id.ToString()] = written;
        return id;
    }

    /// <summary>The name of a method's settings in OpenAI's form, which has underscores.</summary>
    internal static string SectionOf(Method method) => method.Name.Replace('-', '_');

    /// <summary>The sections of <c>POST /jobs</c> that a method's settings hold.</summary>
    internal static string[] Sections(Method method) =>
        ["task", method.Section, "importance", "sharing", "training", "priority", "worker"];

    private (Method Method, Dictionary<string, JsonElement>? Settings) MethodOf(JsonFields fields)
    {
        var type = fields.Text("type");
        if (type is null && !fields.Has("type")) fields.Refuse("type", $"is required: {string.Join(", ", Types)}");
        if (type is not null && !Types.Contains(type))
        {
            var hint = OtherTypes.Contains(type) ? ", which this service does not support" : Spelling.Hint(type, Types);
            fields.Refuse("type", $"must be one of {string.Join(", ", Types)}; got \"{type}\"{hint}");
        }
        foreach (var other in OtherTypes.Where(fields.Has)) fields.Refuse(other, "is not supported");
        if (fields.Has(Supervised))
        {
            if (type is not (null or Supervised)) fields.Refuse(Supervised, $"does not belong to the type {type}");
            foreach (var (setting, value) in fields.Section(Supervised,
                supervised => supervised.Section("hyperparameters", hyper => TrainingOf(hyper, "method.supervised.hyperparameters", null))))
                _supervised[setting] = value;
        }
        Dictionary<string, JsonElement>? settings = null;
        foreach (var method in Methods.All)
        {
            var name = SectionOf(method);
            if (!fields.Has(name)) continue;
            if (type is not null && type != method.Name)
            {
                fields.Refuse(name, $"does not belong to the type {type}");
                _ = fields.Raw(name);
                continue;
            }
            settings = fields.Section(name, given => Sections(method).Where(given.Has).ToDictionary(section => section, given.Raw));
            _section = $"method.{name}";
        }
        return (Methods.Find(type) ?? Methods.LoraDrop, settings);
    }

    /// <summary>Converts OpenAI's hyperparameters to training settings as JSON; "auto" keeps the default.</summary>
    private Dictionary<string, string> TrainingOf(JsonFields fields, string path, Dictionary<string, JsonElement>? settings)
    {
        var training = new Dictionary<string, string>();
        void Take(string name, string setting, Func<string?> read)
        {
            if (fields.Raw(name) is { ValueKind: JsonValueKind.String } text && text.GetRawText() == "\"auto\"") return;
            if (read() is not { } value) return;
            _written[$"training.{setting}"] = $"{path}.{name}";
            training[setting] = value;
        }
        Take("n_epochs", "epochs", () => fields.Integer("n_epochs")?.ToString(CultureInfo.InvariantCulture));
        Take("batch_size", "batchSize", () => fields.Integer("batch_size")?.ToString(CultureInfo.InvariantCulture));
        Take("learning_rate_multiplier", "learningRate", () => fields.Number("learning_rate_multiplier") is { } times
            ? Json(times * DefaultRate(settings))
            : null);
        return training;
    }

    /// <summary>The task's default learning rate, to which the multiplier applies.</summary>
    private static double DefaultRate(Dictionary<string, JsonElement>? settings)
    {
        var preset = settings is not null && settings.TryGetValue("task", out var task) && task.ValueKind == JsonValueKind.Object
            && task.TryGetProperty("preset", out var named) && named.ValueKind == JsonValueKind.String
            ? TaskPreset.All.FirstOrDefault(known => named.ValueEquals(known.Name)) : null;
        return (preset?.Training ?? new TrainingSettings()).LearningRate;
    }

    public static double DefaultRate(TaskSettings task) => (TaskPreset.Find(task.Preset)?.Training ?? new TrainingSettings()).LearningRate;

    /// <summary>Merges the section training with settings given outside of it; a setting given twice is a fault.</summary>
    private string MergeTraining(JsonFields fields, JsonElement? section, Dictionary<string, string> more)
    {
        if (section is not { ValueKind: JsonValueKind.Object } own)
            return section is null or { ValueKind: JsonValueKind.Undefined or JsonValueKind.Null }
                ? $"{{{Members(more)}}}"
                : section.Value.GetRawText();
        foreach (var setting in more.Keys.Where(setting => own.TryGetProperty(setting, out _)).ToList())
        {
            fields.Refuse(_written[$"training.{setting}"], $"is given as {_section}.training.{setting} too; remove one of them");
            more.Remove(setting);
        }
        var text = own.GetRawText();
        return more.Count == 0 ? text : $"{text[..^1]}{(own.GetPropertyCount() > 0 ? "," : "")}{Members(more)}}}";
    }

    private static string Members(Dictionary<string, string> members) =>
        string.Join(',', members.Select(member => $"{Json(member.Key)}:{member.Value}"));

    private static string Json<T>(T value) => JsonSerializer.Serialize(value);
}
