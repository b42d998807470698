using System.Text.Json.Serialization;

namespace LoraDrop.Domain;

/// <summary>Inputs to answer with a finished job's adapter, in exactly one form: <c>texts</c>, <c>rows</c> or <c>messages</c>.</summary>
public sealed record PredictRequest
{
    /// <summary>The most inputs of a request.</summary>
    public const int MostInputs = 32;

    /// <summary>The most characters of a text, a cell or a message.</summary>
    public const int LongestText = 20_000;

    /// <summary>The most tokens to generate for an input.</summary>
    public const int MostNewTokens = 1024;

    /// <summary>The most beams of a search.</summary>
    public const int MostBeams = 32;

    private static readonly string[] Forms = ["texts", "rows", "messages"];

    /// <summary>A text per input: what is classified, a whole prompt, or the user's message of a conversation.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Texts { get; init; }

    /// <summary>A row per input, with the columns that the job's task reads: both texts of a pair, or those of the prompt
    /// template.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<IReadOnlyDictionary<string, string>>? Rows { get; init; }

    /// <summary>A conversation per input, which the model answers; for jobs trained on conversations.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<IReadOnlyList<SaidMessage>>? Messages { get; init; }

    /// <summary>Whether to answer with the adapter switched off, too; default false. The head of a classifier or a regression stays as
    /// the job trained it, since the base model has none for the task.</summary>
    public bool Base { get; init; }

    /// <summary>How to generate, where it differs from the job's <c>task.decoding</c>; only for jobs that generate text.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public GenerationChanges? Generation { get; init; }

    /// <summary>Whether to send the text while it is generated, as server-sent events; default false. Only for jobs that generate
    /// text.</summary>
    public bool Stream { get; init; }

    /// <summary>Parses a request and validates what needs no knowledge of the job.</summary>
    /// <exception cref="RefusedInputException">The text is not JSON, or has faults, all of which are listed.</exception>
    public static PredictRequest Parse(string json)
    {
        var (faults, given) = (new List<Fault>(), (string[])[]);
        var request = JsonFields.Read(json, faults, fields =>
        {
            given = [.. Forms.Where(fields.Has)];
            return new PredictRequest
            {
                Texts = fields.Texts("texts", lines: true),
                Rows = fields.Sections("rows", row => row.Cells()),
                Messages = fields.SectionLists("messages", SaidMessage.Read),
                Base = fields.Flag("base") ?? false,
                Generation = fields.Has("generation") ? fields.Section("generation", GenerationChanges.Read) : null,
                Stream = fields.Flag("stream") ?? false,
            };
        });
        if (given.Length != 1) faults.Add(new(given.Length == 0 ? "texts" : given[1], "give exactly one of texts, rows and messages"));
        var reported = faults.Select(fault => fault.Path).ToHashSet();
        faults.AddRange(request.Faults().Where(fault => !reported.Contains(fault.Path)));
        return faults.Count == 0 ? request : throw new RefusedInputException(faults);
    }

    /// <summary>The inputs as the task reads them; what does not fit it is added to the faults.</summary>
    public IReadOnlyList<PredictInput> Inputs(TaskSettings task, List<Fault> faults) => new PredictInputs(this, task, faults).Read();

    /// <summary>The task's settings of generation with the request's changes; null for other tasks.</summary>
    /// <remarks>Sampling takes one beam, unless the request names more.</remarks>
    public DecodingSettings? Decoding(TaskSettings task, List<Fault> faults)
    {
        if (task.Decoding is not { } trained) return null;
        var decoding = (Generation ?? new()).AppliedTo(trained);
        faults.AddRange(decoding.Faults("generation").Where(fault => fault.Path is not ("generation.batchSize" or "generation.rows")));
        if (decoding.MaxNewTokens > MostNewTokens)
            faults.Add(new("generation.maxNewTokens", $"must be at most {MostNewTokens} for a prediction; {(Generation?.MaxNewTokens is null
                ? $"the job's own setting is {decoding.MaxNewTokens}, so give one" : $"got {decoding.MaxNewTokens}")}"));
        if (decoding.Beams > MostBeams)
            faults.Add(new("generation.beams", $"must be at most {MostBeams} for a prediction; {(Generation?.Beams is null
                ? $"the job's own setting is {decoding.Beams}, so give one" : $"got {decoding.Beams}")}"));
        return decoding;
    }

    private IEnumerable<Fault> Faults()
    {
        (string Path, int? Count)[] forms = [("texts", Texts?.Count), ("rows", Rows?.Count), ("messages", Messages?.Count)];
        foreach (var (path, count) in forms)
            if (count is < 1 or > MostInputs) yield return new(path, $"must have 1 to {MostInputs} items; got {count}");
        foreach (var (path, text) in Written())
            if (text.Length > LongestText)
                yield return new(path, $"must have at most {LongestText:N0} characters; got {text.Length:N0}");
        foreach (var (index, talk) in (Messages ?? []).Index())
            if (talk.Count == 0 || talk[^1].Role == SaidMessage.Assistant)
                yield return new($"messages[{index}]", "must end with a message to answer, which is not the assistant's");
    }

    private IEnumerable<(string Path, string Text)> Written() =>
    [
        .. (Texts ?? []).Index().Select(text => ($"texts[{text.Index}]", text.Item)),
        .. (Rows ?? []).Index().SelectMany(row => row.Item.Select(cell => ($"rows[{row.Index}].{cell.Key}", cell.Value))),
        .. (Messages ?? []).Index().SelectMany(talk => talk.Item.Index().Select(said =>
            ($"messages[{talk.Index}][{said.Index}].content", said.Item.Content))),
    ];
}

/// <summary>A message of a conversation that is to be answered.</summary>
/// <param name="Role"><c>system</c>, <c>developer</c>, <c>user</c> or <c>assistant</c>.</param>
/// <param name="Content">Its text.</param>
public sealed record SaidMessage(string Role, string Content)
{
    internal const string Assistant = "assistant";

    private static readonly string[] Roles = ["system", "developer", "user", Assistant];

    internal static SaidMessage Read(JsonFields fields)
    {
        var role = fields.RequiredText("role");
        if (role.Length > 0 && !Roles.Contains(role))
            fields.Refuse("role", $"must be one of {string.Join(", ", Roles)}; got \"{role}\"{Spelling.Hint(role, Roles)}");
        if (!fields.Has("content")) fields.Refuse("content", "is required");
        return new(role, fields.Lines("content") ?? "");
    }
}

/// <summary>Changes to the job's settings of generation; what is absent is as in training.</summary>
public sealed record GenerationChanges
{
    /// <summary>Maximum number of generated tokens; 1 to 1024.</summary>
    public int? MaxNewTokens { get; init; }

    /// <summary>Minimum number of generated tokens; at least 0.</summary>
    public int? MinNewTokens { get; init; }

    /// <summary>Number of beams; 1 to 32. Default as in training, or 1 with a temperature above 0.</summary>
    public int? Beams { get; init; }

    /// <summary>Exponent of the length penalty of beam search.</summary>
    public double? LengthPenalty { get; init; }

    /// <summary>Sampling temperature; 0 always picks the most likely token.</summary>
    public double? Temperature { get; init; }

    /// <summary>Sample only from the k most likely tokens; 0: all.</summary>
    public int? TopK { get; init; }

    /// <summary>Sample only from the most likely tokens with this cumulative probability; (0, 1].</summary>
    public double? TopP { get; init; }

    /// <summary>Values above 1 make tokens that already occurred less likely; above 0.</summary>
    public double? RepetitionPenalty { get; init; }

    /// <summary>Size of n-grams that must not repeat; 0: no limit.</summary>
    public int? NoRepeatNgram { get; init; }

    /// <summary>Stop sequences, which end the text and are removed from it.</summary>
    public IReadOnlyList<string>? Stop { get; init; }

    /// <summary>Seed of sampling; default 42.</summary>
    public long? Seed { get; init; }

    internal static GenerationChanges Read(JsonFields fields) => new()
    {
        MaxNewTokens = fields.Integer("maxNewTokens"),
        MinNewTokens = fields.Integer("minNewTokens"),
        Beams = fields.Integer("beams"),
        LengthPenalty = fields.Number("lengthPenalty"),
        Temperature = fields.Number("temperature"),
        TopK = fields.Integer("topK"),
        TopP = fields.Number("topP"),
        RepetitionPenalty = fields.Number("repetitionPenalty"),
        NoRepeatNgram = fields.Integer("noRepeatNgram"),
        Stop = fields.Texts("stop", lines: true),
        Seed = fields.LongInteger("seed"),
    };

    internal DecodingSettings AppliedTo(DecodingSettings trained)
    {
        var temperature = Temperature ?? trained.Temperature;
        return trained with
        {
            MaxNewTokens = MaxNewTokens ?? trained.MaxNewTokens,
            MinNewTokens = MinNewTokens ?? Math.Min(trained.MinNewTokens, MaxNewTokens ?? trained.MaxNewTokens),
            Beams = Beams ?? (temperature > 0 ? 1 : trained.Beams),
            LengthPenalty = LengthPenalty ?? trained.LengthPenalty,
            Temperature = temperature,
            TopK = TopK ?? trained.TopK,
            TopP = TopP ?? trained.TopP,
            RepetitionPenalty = RepetitionPenalty ?? trained.RepetitionPenalty,
            NoRepeatNgram = NoRepeatNgram ?? trained.NoRepeatNgram,
            Stop = Stop ?? trained.Stop,
        };
    }
}
