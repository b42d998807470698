using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoraDrop.Domain;

namespace LoraDrop.Cli;

/// <summary>The settings of a run: a JSON file (the body of POST /jobs), options, or both; an option wins over the file.</summary>
/// <remarks>Options only fill in the JSON; <see cref="JobRequest.Parse"/> alone validates it, so that file, options and API follow the same
/// rules.</remarks>
internal sealed class SettingOptions
{
    private enum Kind { Text, Lines, Number, Flag, List, Pairs }

    private sealed record Setting(string Option, string Path, Kind Kind, string Description);

    /// <summary>Stands for the section of the method, which is known only with all options.</summary>
    private const string MethodSection = "<method>";

    private static readonly Setting[] Settings =
    [
        new("--model", "model", Kind.Text, "Folder with config.json, model.safetensors and the tokenizer's files"),
        new("--data", "dataset", Kind.Text,
        "Training file (.jsonl, .json, .csv, .tsv, .txt, each also with .gz, or .parquet), or a folder with "
        + "train.* and optionally validation.* (or dev.*) and test.*"),
        new("--method", "method", Kind.Text, $"{string.Join(", ", Methods.Names)}; default {Methods.LoraDrop}"),
        new("--task", "task.preset", Kind.Text, $"A known task: {string.Join(", ", TaskPreset.All.Select(p => p.Name))}"),
        new("--kind", "task.kind", Kind.Text, "classification, regression or generation, if no --task is given"),
        new("--text", "task.columns.first", Kind.Text, "Column of the text, or of the first of a pair"),
        new("--text-pair", "task.columns.second", Kind.Text, "Column of the second text of a pair"),
        new("--label", "task.columns.label", Kind.Text, "Column of the label"),
        new("--labels", "task.labels", Kind.List, "Names of the classes, class 0 first, separated by commas"),
        new("--metric", "task.metric", Kind.Text,
        "Primary metric: accuracy, f1, macro-f1, matthews, pearson, spearman; for generation perplexity, bleu, rouge, …"),
        new("--prompt", "task.text.prompt", Kind.Lines,
        "Generation: the prompt, with columns in braces: \"Question: {question}\\nAnswer:\""),
        new("--target", "task.text.target", Kind.Lines, "Generation: the answer to learn: \" {answer}\""),
        new("--chat", "task.text.chat", Kind.Flag,
        "Generation: rows are conversations (messages, conversations, or instruction and output)"),
        new("--overlong", "task.text.overlong", Kind.Text, "Generation: handling of rows that are too long: cut (default), drop or refuse"),
        new("--max-new-tokens", "task.decoding.maxNewTokens", Kind.Number, "Generation: maximum tokens per answer (the task's, else 128)"),
        new("--beams", "task.decoding.beams", Kind.Number, "Generation: beams of the search (the task's, else 1)"),
        new("--answer-rows", "task.decoding.rows", Kind.Number, "Generation: prompts to answer and score at the end (all)"),
        new("--rank", $"{MethodSection}.rank", Kind.Number, "r, the rank of a LoRA (the task's, else 8)"),
        new("--alpha", $"{MethodSection}.alpha", Kind.Number, "A LoRA's output is scaled by alpha/r (the task's, else 8)"),
        new("--dropout", $"{MethodSection}.dropout", Kind.Number, "Dropout before A (0)"),
        new("--targets", $"{MethodSection}.targets", Kind.List,
        "Module types that get a LoRA, separated by commas (the task's, else query,value); also q, k, v, o, "
        + "gate, up, down, attention, feed-forward, all-linear"),
        new("--initial-adapter", "initialAdapter", Kind.Text, "Folder of an adapter in PEFT's format to continue from"),
        new("--sample-ratio", "importance.sampleRatio", Kind.Number, "α, share of the training data for measuring importance (0.1)"),
        new("--importance-epochs", "importance.epochs", Kind.Number, "n, passes over the sample (3)"),
        new("--importance-steps", "importance.steps", Kind.Number, "Optimiser steps on the sample, instead of epochs"),
        new("--importance-from", "importance.from", Kind.Text, "Folder or importance.json of another run whose importance to reuse"),
        new("--scope", "importance.scope", Kind.Text, "per-type (default) or joint"),
        new("--threshold", "sharing.threshold", Kind.Number,
        "T, share of the total importance that layers with their own LoRA must reach (0.9), or auto"),
        new("--granularity", "sharing.granularity", Kind.Text, "What keeps a LoRA of its own: layer (default), or rank: single ranks"),
        new("--keep", "sharing.keep", Kind.Number, "How many layers of each module type keep their own LoRA, instead of a threshold"),
        new("--remainder", "sharing.remainder", Kind.Text, "What the other layers get: share (default) or none"),
        new("--select", "sharing.select", Kind.Text, "Which layers are kept: importance (default), inverse, random, top"),
        new("--warm-start", "sharing.warmStart", Kind.Flag, "Start stage 2 from stage 1's LoRAs"),
        new("--epochs", "training.epochs", Kind.Number, "Passes over the training data (the task's, else 30)"),
        new("--batch-size", "training.batchSize", Kind.Number, "Texts in a batch (the task's, else 32)"),
        new("--learning-rate", "training.learningRate", Kind.Number, "Peak learning rate (the task's, else 5e-4)"),
        new("--head-learning-rate", "training.classifierLearningRate", Kind.Number, "Peak learning rate of the head (the same)"),
        new("--warmup", "training.warmupRatio", Kind.Number, "Share of steps for warm-up (0.06)"),
        new("--schedule", "training.schedule", Kind.Text,
        "Learning rate after warm-up: linear (default) and cosine fall to 0, constant stays at its peak"),
        new("--weight-decay", "training.weightDecay", Kind.Number, "AdamW's weight decay (0.01)"),
        new("--max-length", "training.maxLength", Kind.Number, "Maximum tokens per text (512, or the model's limit)"),
        new("--seed", "training.seed", Kind.Number, "Random seed (42)"),
        new("--max-grad-norm", "training.maxGradNorm", Kind.Number, "Clip gradients to this norm (1; 0: off)"),
        new("--accumulation", "training.accumulation", Kind.Number, "Batches per optimiser step (1)"),
        new("--evaluate-every", "training.evaluateEvery", Kind.Number, "Steps between evaluations (an epoch)"),
        new("--early-stopping", "training.earlyStopping", Kind.Number, "Stop after this many evaluations without a better score"),
        new("--weights", "training.weights", Kind.Text,
        "Format of the frozen matrices: float32, bfloat16, int8 or nf4 (float32 on a CPU, bfloat16 on CUDA)"),
        new("--checkpointing", "training.checkpointing", Kind.Flag, "Recompute each layer in the backward pass: less memory, more time"),
        new("--max-steps", "training.maxSteps", Kind.Number, "Stop task adaptation after this many steps"),
    ];

    /// <summary>Settings that only a service uses; a local command ignores them in a settings file.</summary>
    private static readonly Setting[] OfService =
    [
        new("--priority", "priority", Kind.Text, "Priority in the queue: high, default or low (default)"),
        new("--worker-label", "worker.labels", Kind.Pairs, "Label that the worker must have: name=value; may be repeated"),
        new("--worker-memory", "worker.memoryGiB", Kind.Number, "Minimum memory of the worker's device, in GiB (any)"),
    ];

    /// <summary>Options with another meaning for a service.</summary>
    private static readonly Dictionary<string, string> AtService = new()
    {
        ["--model"] = "A registered model, hf:<repository>[@revision], s3://bucket/folder, or a folder on the service's "
        + "machine: file:/path or ./path",
        ["--data"] = "A registered dataset, hf:<repository>[@revision][#part], s3://bucket/folder, or a file or folder on "
        + "the service's machine: file:/path or ./path",
        ["--initial-adapter"] = "Adapter in PEFT's format to continue from: id of a finished job, hf:<repository>, s3://bucket/folder, "
        + "or a folder on the service's machine: file:/path",
        ["--importance-from"] = "Id of a job whose importance to reuse",
    };

    /// <summary>Pairs of exclusive settings: an option for one replaces the other in the file.</summary>
    private static readonly Dictionary<string, string> InsteadOf = new()
    {
        ["importance.steps"] = "importance.epochs", ["importance.epochs"] = "importance.steps",
        ["sharing.keep"] = "sharing.threshold", ["sharing.threshold"] = "sharing.keep",
    };

    private readonly Option<FileInfo?> _file = new("--settings") { Description = "A JSON file with settings: the body of POST /jobs" };
    private readonly Option<string[]> _set = new("--set")
    {
        Description = "Any setting by its path, such as vera.rank=256; may be repeated", HelpName = "path=value",
    };
    private readonly Option<string?> _validation =
        new("--validation") { Description = "Validation file (else the one beside the training file, else a stratified tenth of it)" };
    private readonly Option<string?> _test = new("--test") { Description = "Test file, evaluated once at the end" };
    private readonly Dictionary<Setting, Option> _options;

    /// <param name="command">Gets the options.</param>
    /// <param name="atService">Whether model and data are those of a service, which has its own validation and test files.</param>
    public SettingOptions(Command command, bool atService = false)
    {
        command.Add(_file);
        _options = Settings.Select(s => atService && AtService.TryGetValue(s.Option, out var description)
            ? s with { Description = description }
            : s)
            .Concat(atService ? OfService : []).ToDictionary(s => s, OptionOf);
        foreach (var option in _options.Values) command.Add(option);
        command.Add(_set);
        if (atService) return;
        command.Add(_validation);
        command.Add(_test);
    }

    /// <summary>The settings as JSON, not yet validated.</summary>
    public JsonObject Json(ParseResult parsed)
    {
        var json = parsed.GetValue(_file) is { } file ? FromFile(file.FullName) : [];
        foreach (var (setting, option) in _options)
        {
            if (option is Option<bool> flag)
            {
                if (parsed.GetValue(flag)) Put(json, setting.Path, true);
            }
            else if (option is Option<string[]> pairs)
            {
                if (parsed.GetResult(pairs) is not null)
                    Put(json, setting.Path, new JsonObject(OptionRules.PairsOf(parsed.GetValue(pairs)!)
                        .Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value))));
            }
            else if (parsed.GetValue((Option<string?>)option) is { } text)
            {
                if (InsteadOf.TryGetValue(setting.Path, out var other) && !Given(parsed, other)) Remove(json, other);
                Put(json, setting.Path, Value(setting.Kind, text));
            }
        }
        Rename(json, MethodSection, MethodOf(json).Section);
        foreach (var (path, value) in Assignments(parsed.GetValue(_set) ?? [])) Put(json, path, value);
        return json;
    }

    /// <summary>The settings as a merge patch (RFC 7396), which removes what they replace.</summary>
    public JsonObject Patch(ParseResult parsed)
    {
        var patch = Json(parsed);
        foreach (var (setting, other) in InsteadOf.Where(pair => Holds(patch, pair.Key) && !Holds(patch, pair.Value)))
            Put(patch, other, null);
        if (patch["method"] is JsonValue method && method.TryGetValue<string>(out var name)
            && Methods.Find(name) is { } chosen)
            foreach (var section in OfOthers(chosen).Where(section => !patch.ContainsKey(section))) patch[section] = null;
        return patch;
    }

    /// <summary>The inputs of the settings: on the command line, they name folders and files.</summary>
    public RunInputs Inputs(ParseResult parsed, JobRequest request) => Inputs(request, Files(parsed, request));

    /// <summary>The same, for settings whose data is known.</summary>
    public static RunInputs Inputs(JobRequest request, DataFiles data) => new(request.Model, data, Importance: request.Importance?.From,
        InitialAdapter: request.InitialAdapter is { } folder ? new(folder, folder) : null);

    /// <summary>The data files: those of <c>dataset</c> and of the options.</summary>
    public DataFiles Files(ParseResult parsed, JobRequest request)
    {
        var files = DataFiles.At(request.Dataset);
        return files with { Validation = parsed.GetValue(_validation) ?? files.Validation, Test = parsed.GetValue(_test) ?? files.Test };
    }

    /// <summary>The paths and values of <c>--set</c>.</summary>
    /// <exception cref="RefusedInputException">One has no path or no value.</exception>
    public static IEnumerable<(string Path, JsonNode? Value)> Assignments(IEnumerable<string> given) => given.Select(text =>
        text.Split('=', 2) is [{ Length: > 0 } path, { Length: > 0 } value]
            ? (path, AnyValue(value))
            : throw new RefusedInputException("--set", $"must be path=value, such as training.seed=7; got \"{text}\""));

    /// <summary>Sets a value at a dotted path, creating objects on the way.</summary>
    public static void Put(JsonObject json, string path, JsonNode? value)
    {
        var parts = path.Split('.');
        foreach (var part in parts[..^1])
        {
            if (!json.ContainsKey(part)) json[part] = new JsonObject();
            if (json[part] is not JsonObject section) return; // malformed in the file: validated later
            json = section;
        }
        json[parts[^1]] = value;
    }

    /// <summary>The sections of a request that do not apply to a method.</summary>
    private static IEnumerable<string> OfOthers(Method method) =>
        method.OtherSections.Concat(method.Placing is not (Placing.ByImportance or Placing.Either) ? ["importance", "sharing"] : []);

    private static Method MethodOf(JsonObject json) =>
        json["method"] is JsonValue method && method.TryGetValue<string>(out var name) && Methods.Find(name) is { } known
            ? known
            : Methods.LoraDrop;

    /// <summary>Moves the settings of a section to another one.</summary>
    private static void Rename(JsonObject json, string from, string to)
    {
        if (json[from] is not JsonObject settings) return;
        json.Remove(from);
        foreach (var (name, value) in settings) Put(json, $"{to}.{name}", value?.DeepClone());
    }

    /// <summary>A value as JSON, else as text: 0.5, true, ["query"], query.</summary>
    private static JsonNode? AnyValue(string text)
    {
        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            return text;
        }
    }

    private static Option OptionOf(Setting setting) => setting.Kind switch
    {
        Kind.Flag => new Option<bool>(setting.Option) { Description = setting.Description },
        Kind.Pairs => OptionRules.Pairs(setting.Option, setting.Description, "gpu=H100"),
        _ => new Option<string?>(setting.Option) { Description = setting.Description },
    };

    private bool Given(ParseResult parsed, string path) => parsed.GetResult(_options.Single(o => o.Key.Path == path).Value) is not null;

    private static bool Holds(JsonObject json, string path) =>
        path.Split('.') is [var section, var field] && json[section] is JsonObject fields && fields.ContainsKey(field);

    private static void Remove(JsonObject json, string path)
    {
        var parts = path.Split('.');
        if (json[parts[0]] is JsonObject section) section.Remove(parts[1]);
    }

    public static JsonObject FromFile(string path)
    {
        try
        {
            var json = JsonNode.Parse(File.ReadAllText(path), null, new() { AllowDuplicateProperties = false }) as JsonObject
                ?? throw new RefusedInputException(path, "must hold a JSON object");
            _ = json.ToJsonString(); // reads every text
            return json;
        }
        catch (InvalidOperationException) // an escape such as \ud800 is JSON, but not a character
        {
            throw new RefusedInputException(path, "holds half of a surrogate pair");
        }
        catch (JsonException malformed)
        {
            throw new RefusedInputException(path, $"is not JSON: {malformed.Message}");
        }
        catch (Exception unread) when (unread is IOException or UnauthorizedAccessException)
        {
            throw new RefusedInputException(path, $"cannot be read: {unread.Message}");
        }
    }

    private static JsonNode Value(Kind kind, string text) => kind switch
    {
        Kind.Lines => text.Replace("\\n", "\n").Replace("\\t", "\t"), // as a shell passes them on
        Kind.List =>
            new JsonArray([.. text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                .Select(part => (JsonNode)part)]),
        Kind.Number when long.TryParse(text, CultureInfo.InvariantCulture, out var whole) => whole,
        Kind.Number when double.TryParse(text, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) => number,
        _ => text, // validated, with its path, as part of the JSON
    };
}
