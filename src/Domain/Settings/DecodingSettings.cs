namespace LoraDrop.Domain;

/// <summary>How answers are generated; what each number means, and in what order they act, is as in transformers.</summary>
public sealed record DecodingSettings
{
    /// <summary>Tokens of an answer at most; at least 1, default the preset's, else 128.</summary>
    public int MaxNewTokens { get; init; } = 128;

    /// <summary>The answer does not end before so many tokens; at least 0, default 0.</summary>
    public int MinNewTokens { get; init; }

    /// <summary>Texts that are followed side by side, the best of which is the answer; at least 1, default the preset's, else 1.</summary>
    public int Beams { get; init; } = 1;

    /// <summary>Beams are ranked by Σ log p / length^this; default the preset's, else 1.</summary>
    public double LengthPenalty { get; init; } = 1;

    /// <summary>Scores are divided by it and a token is drawn; at least 0; default 0, which takes the likeliest token.</summary>
    public double Temperature { get; init; }

    /// <summary>Only so many of the likeliest tokens are drawn from; at least 0, default 0: all.</summary>
    public int TopK { get; init; }

    /// <summary>Only the likeliest tokens that together have this probability are drawn from; (0, 1], default 1: all.</summary>
    public double TopP { get; init; } = 1;

    /// <summary>Above 1, tokens that occurred become less likely; above 0, default 1.</summary>
    public double RepetitionPenalty { get; init; } = 1;

    /// <summary>No so many tokens in a row occur twice; at least 0, default the preset's, else 0: they may.</summary>
    public int NoRepeatNgram { get; init; }

    /// <summary>Texts that end an answer where they first occur in it; they are no part of it. Default none.</summary>
    public IReadOnlyList<string> Stop { get; init; } = [];

    /// <summary>Prompts that are answered at a time; at least 1, default 16.</summary>
    public int BatchSize { get; init; } = 16;

    /// <summary>Prompts of the test split (of the validation split, where there is none) that are answered and scored at the end of a run, the first ones; at least 0 (none), default null: all.</summary>
    public int? Rows { get; init; }

    public IEnumerable<Fault> Faults(string path)
    {
        (string Field, int? Value, int Least)[] counts =
            [("maxNewTokens", MaxNewTokens, 1), ("minNewTokens", MinNewTokens, 0), ("beams", Beams, 1), ("topK", TopK, 0), ("noRepeatNgram", NoRepeatNgram, 0), ("batchSize", BatchSize, 1), ("rows", Rows, 0)];
        foreach (var (field, value, least) in counts)
            if (value < least) yield return new($"{path}.{field}", $"must be at least {least}; got {value}");
        if (MinNewTokens > MaxNewTokens) yield return new($"{path}.minNewTokens", $"must be at most maxNewTokens, {MaxNewTokens}; got {MinNewTokens}");
        if (!double.IsFinite(LengthPenalty)) yield return new($"{path}.lengthPenalty", $"must be a number; got {LengthPenalty}");
        if (Temperature is not (>= 0 and < double.PositiveInfinity)) yield return new($"{path}.temperature", $"must be at least 0; got {Temperature}");
        if (TopP is not (> 0 and <= 1)) yield return new($"{path}.topP", $"must lie in (0, 1]; got {TopP}");
        if (RepetitionPenalty is not (> 0 and < double.PositiveInfinity)) yield return new($"{path}.repetitionPenalty", $"must be above 0; got {RepetitionPenalty}");
        if (Beams > 1 && Temperature > 0) yield return new($"{path}.temperature", "must be 0 where beams are followed: they take the likeliest");
        if (Stop.Distinct().Count() < Stop.Count) yield return new($"{path}.stop", "must name each text once");
    }

    internal static DecodingSettings Read(JsonFields fields, DecodingSettings defaults) => new()
    {
        MaxNewTokens = fields.Integer("maxNewTokens") ?? defaults.MaxNewTokens,
        MinNewTokens = fields.Integer("minNewTokens") ?? defaults.MinNewTokens,
        Beams = fields.Integer("beams") ?? defaults.Beams,
        LengthPenalty = fields.Number("lengthPenalty") ?? defaults.LengthPenalty,
        Temperature = fields.Number("temperature") ?? defaults.Temperature,
        TopK = fields.Integer("topK") ?? defaults.TopK,
        TopP = fields.Number("topP") ?? defaults.TopP,
        RepetitionPenalty = fields.Number("repetitionPenalty") ?? defaults.RepetitionPenalty,
        NoRepeatNgram = fields.Integer("noRepeatNgram") ?? defaults.NoRepeatNgram,
        Stop = fields.Texts("stop", lines: true) ?? defaults.Stop,
        BatchSize = fields.Integer("batchSize") ?? defaults.BatchSize,
        Rows = fields.Integer("rows") ?? defaults.Rows,
    };
}
