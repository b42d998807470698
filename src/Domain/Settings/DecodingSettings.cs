namespace LoraDrop.Domain;

/// <summary>How text is generated. Settings have the same meaning and order as in transformers.</summary>
public sealed record DecodingSettings
{
    /// <summary>Maximum number of generated tokens; at least 1, default the preset's, else 128.</summary>
    public int MaxNewTokens { get; init; } = 128;

    /// <summary>Minimum number of generated tokens; at least 0, default 0.</summary>
    public int MinNewTokens { get; init; }

    /// <summary>Number of beams for beam search; at least 1, default the preset's, else 1.</summary>
    public int Beams { get; init; } = 1;

    /// <summary>Exponent of the length penalty: beams are ranked by Σ log p / length^lengthPenalty; default the preset's, else 1.</summary>
    public double LengthPenalty { get; init; } = 1;

    /// <summary>Sampling temperature; at least 0, default 0, which always picks the most likely token.</summary>
    public double Temperature { get; init; }

    /// <summary>Sample only from the k most likely tokens; at least 0, default 0: all tokens.</summary>
    public int TopK { get; init; }

    /// <summary>Sample only from the most likely tokens with this cumulative probability; (0, 1], default 1: all tokens.</summary>
    public double TopP { get; init; } = 1;

    /// <summary>Values above 1 make tokens that already occurred less likely; above 0, default 1.</summary>
    public double RepetitionPenalty { get; init; } = 1;

    /// <summary>Size of n-grams that must not repeat; at least 0, default the preset's, else 0: no limit.</summary>
    public int NoRepeatNgram { get; init; }

    /// <summary>Stop sequences, which end the text and are removed from it; default none.</summary>
    public IReadOnlyList<string> Stop { get; init; } = [];

    /// <summary>Prompts per batch; at least 1, default 16.</summary>
    public int BatchSize { get; init; } = 16;

    /// <summary>Number of prompts of the test split (or the validation split, if there is no test split) to generate and score at the end
    /// of a run; at least 0 (none), default null: all.</summary>
    public int? Rows { get; init; }

    public IEnumerable<Fault> Faults(string path)
    {
        (string Field, int? Value, int Least)[] counts =
            [("maxNewTokens", MaxNewTokens, 1), ("minNewTokens", MinNewTokens, 0), ("beams", Beams, 1), ("topK", TopK, 0),
                ("noRepeatNgram", NoRepeatNgram, 0), ("batchSize", BatchSize, 1), ("rows", Rows, 0)];
        foreach (var (field, value, least) in counts)
            if (value < least) yield return new($"{path}.{field}", $"must be at least {least}; got {value}");
        if (MinNewTokens > MaxNewTokens)
            yield return new($"{path}.minNewTokens", $"must be at most maxNewTokens, {MaxNewTokens}; got {MinNewTokens}");
        if (!double.IsFinite(LengthPenalty)) yield return new($"{path}.lengthPenalty", $"must be a number; got {LengthPenalty}");
        if (Temperature is not (>= 0 and < double.PositiveInfinity))
            yield return new($"{path}.temperature", $"must be at least 0; got {Temperature}");
        if (TopP is not (> 0 and <= 1)) yield return new($"{path}.topP", $"must lie in (0, 1]; got {TopP}");
        if (RepetitionPenalty is not (> 0 and < double.PositiveInfinity))
            yield return new($"{path}.repetitionPenalty", $"must be above 0; got {RepetitionPenalty}");
        if (Beams > 1 && Temperature > 0)
            yield return new($"{path}.temperature", "must be 0 with beams above 1, since beam search does not sample");
        if (Stop.Distinct().Count() < Stop.Count) yield return new($"{path}.stop", "must not contain duplicates");
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
