using System.Globalization;
using System.Text.Json;
using LoraDrop.Domain;

namespace LoraDrop.Api;

/// <summary>A request for a job in OpenAI's words, turned into one in the service's own (<see cref="JobRequest"/>), and the way back for its faults.</summary>
/// <remarks>What is asked for is written as the body of <c>POST /jobs</c> and read by the one reader of those, so both are held to the same rules.</remarks>
internal sealed class FineTuningRequest
{
    private const int LongestSuffix = 64;

    /// <summary>Stands where something has a fault already.</summary>
    private const string Unsaid = "unsaid";

    private static readonly string[] Methods = ["supervised", "lora-drop", "lora"], OtherMethods = ["dpo", "reinforcement"];

    private static readonly string[] Sections = ["task", "lora", "importance", "sharing", "training", "priority", "worker"];

    private readonly Dictionary<string, string> _written = new() { ["model"] = "model", ["dataset"] = "training_file", ["name"] = "suffix", ["labels"] = "metadata" };
    private readonly List<Fault> _faults = [];
    private readonly Dictionary<string, string> _files = [];
    private readonly Dictionary<string, string> _supervised = [];
    private string? _validationFile;
    private string? _section;
    private bool _saysTask;
    private readonly string _json, _preset;

    private FineTuningRequest(string json, string preset) => (_json, _preset) = (json, preset);

    /// <summary>The job that is asked for; faults of OpenAI's fields stand under OpenAI's names.</summary>
    public JobDraft Draft { get; private set; } = null!;

    /// <exception cref="RefusedInputException">The text is no JSON object.</exception>
    public static FineTuningRequest Read(string json) => Read(json, TaskPreset.Labelled);

    /// <summary>The same request to a model that generates text: unless it says its task, what the assistant says is learnt.</summary>
    public FineTuningRequest ForGeneration() => _saysTask ? this : Read(_json, TaskPreset.Chat);

    private static FineTuningRequest Read(string json, string preset)
    {
        var request = new FineTuningRequest(json, preset);
        var body = JsonFields.Read(json, request._faults, request.BodyOf);
        var draft = JobDraft.Read(body);
        request.Draft = draft with { Faults = [.. draft.Faults, .. request._faults] };
        return request;
    }

    /// <summary>A refusal of the job, under the names that were written here.</summary>
    public Refusal Translated(Refusal refusal) => refusal is Refusal.Invalid invalid ? new Refusal.Invalid([.. invalid.Faults.Select(Translated)]) : refusal;

    private Fault Translated(Fault fault)
    {
        var message = _files.Aggregate(fault.Message, (text, file) => text.Replace(file.Key, file.Value, StringComparison.Ordinal));
        if (fault.Path == "dataset" && _validationFile is not null && message.Contains(_validationFile, StringComparison.Ordinal)) return new("validation_file", message);
        return new(PathOf(fault.Path), message);
    }

    private string PathOf(string path)
    {
        for (var known = path; known.Length > 0; known = known[..Math.Max(0, known.LastIndexOf('.'))])
            if (_written.TryGetValue(known, out var written)) return written + path[known.Length..];
        if (_faults.Exists(own => own.Path == path)) return path;
        if (!_saysTask && path.StartsWith("task", StringComparison.Ordinal)) return "training_file"; // which is not what it has to be where nobody says more
        return _section is not null ? $"{_section}.{path}" : path;
    }

    /// <summary>The body of POST /jobs that says the same.</summary>
    private string BodyOf(JsonFields fields)
    {
        var parts = new Dictionary<string, string>();
        if (fields.Text("model") is { } model)
        {
            if (model.StartsWith(FineTunedModel.Prefix, StringComparison.Ordinal)) fields.Refuse("model", "is fine-tuned already, and this version begins from base models only; name that one");
            parts["model"] = Json(model.StartsWith(FineTunedModel.Prefix, StringComparison.Ordinal) ? Unsaid : model);
        }
        if (DatasetOf(fields) is { } dataset) parts["dataset"] = Json(dataset);
        if (fields.Text("suffix") is { } suffix)
        {
            if (suffix.Length > LongestSuffix) fields.Refuse("suffix", $"must have at most {LongestSuffix} characters; got {suffix.Length}");
            parts["name"] = Json(suffix);
        }
        if (fields.Has("metadata")) parts["labels"] = fields.Raw("metadata").GetRawText();
        if (fields.Raw("integrations") is not ({ ValueKind: JsonValueKind.Null } or { ValueKind: JsonValueKind.Array }) || (fields.Raw("integrations") is { ValueKind: JsonValueKind.Array } list && list.GetArrayLength() > 0))
            fields.Refuse("integrations", "are not supported: leave them out");

        var (method, settings) = fields.Has("method") ? fields.Section("method", MethodOf) : ("lora-drop", null);
        parts["method"] = Json(method);
        parts["task"] = JsonSerializer.Serialize(new { preset = _preset });
        _saysTask = settings?.ContainsKey("task") == true;
        foreach (var (name, value) in settings ?? []) parts[name] = value.GetRawText();
        var training = fields.Has("hyperparameters") ? fields.Section("hyperparameters", hyper => TrainingOf(hyper, "hyperparameters", settings)) : [];
        if (_supervised.Count > 0 && training.Count > 0) fields.Refuse("hyperparameters", "are given under method too: leave them out here");
        foreach (var (setting, value) in _supervised) training.TryAdd(setting, value);
        if (fields.LongInteger("seed") is { } seed)
        {
            _written["training.seed"] = "seed";
            training["seed"] = seed.ToString(CultureInfo.InvariantCulture);
        }
        if (training.Count > 0) parts["training"] = Joined(fields, settings?.GetValueOrDefault("training"), training);
        return $"{{{string.Join(',', parts.Select(part => $"{Json(part.Key)}:{part.Value}"))}}}";
    }

    /// <summary>The files as a dataset; what is no file's id is the name or the source of a dataset, as in POST /jobs.</summary>
    private string? DatasetOf(JsonFields fields)
    {
        var (training, validation) = (fields.Text("training_file"), fields.Text("validation_file"));
        _validationFile = validation;
        if (training is null) return null;
        if (!training.StartsWith("file-", StringComparison.Ordinal))
        {
            if (validation is not null) fields.Refuse("validation_file", "belongs to a training_file that is a file: a dataset brings its own");
            return training;
        }
        var (train, other) = (FileOf(training), validation is null ? null : FileOf(validation));
        return train is { } first && (validation is null || other is not null) ? new Source.Files(first, other).ToString() : Unsaid;
    }

    /// <summary>The id of a file. A fault stands under the job's own name for it, so that nobody looks for a dataset.</summary>
    private Guid? FileOf(string written)
    {
        if (OpenAiIds.File(written) is not { } id)
        {
            _faults.Add(new("dataset", OpenAiIds.Result(written) is null ? $"there is no file {written}" : $"{written} is a file that a job left, and not one to learn from"));
            return null;
        }
        _files[id.ToString()] = written;
        return id;
    }

    private (string Method, Dictionary<string, JsonElement>? Settings) MethodOf(JsonFields fields)
    {
        var type = fields.Text("type");
        if (type is null && !fields.Has("type")) fields.Refuse("type", "is required: supervised, lora-drop or lora");
        if (type is not (null or "supervised" or "lora-drop" or "lora"))
            fields.Refuse("type", $"must be supervised, lora-drop or lora; got \"{type}\"{(type is "dpo" or "reinforcement" ? ", which this service does not train" : Spelling.Hint(type, Methods))}");
        foreach (var other in OtherMethods.Where(fields.Has)) fields.Refuse(other, "is not supported by this service");
        if (fields.Has("supervised"))
        {
            if (type is not (null or "supervised")) fields.Refuse("supervised", $"does not belong to the type {type}");
            foreach (var (setting, value) in fields.Section("supervised", supervised => supervised.Section("hyperparameters", hyper => TrainingOf(hyper, "method.supervised.hyperparameters", null)))) _supervised[setting] = value;
        }
        Dictionary<string, JsonElement>? settings = null;
        foreach (var (name, of) in new[] { ("lora_drop", "lora-drop"), ("lora", "lora") })
        {
            if (!fields.Has(name)) continue;
            if (type is not null && type != of)
            {
                fields.Refuse(name, $"does not belong to the type {type}");
                _ = fields.Raw(name);
                continue;
            }
            settings = fields.Section(name, SettingsOf);
            _section = $"method.{name}";
        }
        return (type is "lora" ? "lora" : "lora-drop", settings);
    }

    private static Dictionary<string, JsonElement> SettingsOf(JsonFields fields) =>
        Sections.Where(fields.Has).ToDictionary(name => name, fields.Raw);

    /// <summary>Settings of training, as JSON, that OpenAI's hyperparameters stand for; "auto" is the default.</summary>
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
        Take("learning_rate_multiplier", "learningRate", () => fields.Number("learning_rate_multiplier") is { } times ? Json(times * UsualRate(settings)) : null);
        return training;
    }

    /// <summary>The rate that a multiplier is of: the task's default.</summary>
    private static double UsualRate(Dictionary<string, JsonElement>? settings)
    {
        var preset = settings is not null && settings.TryGetValue("task", out var task) && task.ValueKind == JsonValueKind.Object && task.TryGetProperty("preset", out var named) && named.ValueKind == JsonValueKind.String
            ? TaskPreset.All.FirstOrDefault(known => named.ValueEquals(known.Name)) : null;
        return (preset?.Training ?? new TrainingSettings()).LearningRate;
    }

    public static double UsualRate(TaskSettings task) => (TaskPreset.Find(task.Preset)?.Training ?? new TrainingSettings()).LearningRate;

    /// <summary>The section training with what was said outside of it; what is said twice is a fault.</summary>
    private string Joined(JsonFields fields, JsonElement? section, Dictionary<string, string> more)
    {
        if (section is not { ValueKind: JsonValueKind.Object } own) return section is null or { ValueKind: JsonValueKind.Undefined or JsonValueKind.Null } ? $"{{{Members(more)}}}" : section.Value.GetRawText();
        foreach (var setting in more.Keys.Where(setting => own.TryGetProperty(setting, out _)).ToList())
        {
            fields.Refuse(_written[$"training.{setting}"], $"is given as {_section}.training.{setting} too: leave one of them out");
            more.Remove(setting);
        }
        var text = own.GetRawText();
        return more.Count == 0 ? text : $"{text[..^1]}{(own.GetPropertyCount() > 0 ? "," : "")}{Members(more)}}}";
    }

    private static string Members(Dictionary<string, string> members) => string.Join(',', members.Select(member => $"{Json(member.Key)}:{member.Value}"));

    private static string Json<T>(T value) => JsonSerializer.Serialize(value);
}
