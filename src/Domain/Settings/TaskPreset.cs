namespace LoraDrop.Domain;

/// <summary>A preset for a known task: its columns, labels, metric and training settings.</summary>
/// <param name="Name">Name used in requests, such as <c>glue/rte</c>.</param>
/// <param name="Kind">Classification, regression or generation.</param>
/// <param name="Columns">Choices of columns as named in the published files; the first whose columns are all present is used.</param>
/// <param name="Labels">The classes in GLUE's order; null for regression, and if taken from the file.</param>
/// <param name="Metric">The primary metric: that of table 1 of the LoRA-drop paper, else accuracy.</param>
/// <param name="Training">Training settings: those of RoBERTa-base in table 9 of Hu et al. 2021, else the defaults.</param>
public sealed record TaskPreset(
    string Name, TaskKind Kind, IReadOnlyList<TaskColumns> Columns, IReadOnlyList<string>? Labels, Metric Metric, TrainingSettings Training)
{
    /// <summary>Labelled texts, as in OpenAI's fine-tuning files: chat messages, read as <c>text</c> and <c>label</c>, or <c>prompt</c> and
    /// <c>completion</c>.</summary>
    public const string Labelled = "text/label";

    /// <summary>Conversations, formatted with the model's own chat template.</summary>
    public const string Chat = "chat";

    /// <summary>For generation: choices of prompt and target templates; the first whose columns are all present is used.</summary>
    public IReadOnlyList<TextSettings> Texts { get; init; } = [];

    /// <summary>For generation: decoding settings.</summary>
    public DecodingSettings? Decoding { get; init; }

    /// <summary>LoRA settings: for generation r = 64 on q, k, v, o, up and down (section A.2 of the paper), scaled by 1 as for
    /// GLUE.</summary>
    public LoraSettings Lora => Kind == TaskKind.Generation && Name != Chat
        ? new() { Rank = 64, Alpha = 64, Targets = ["q", "k", "v", "o", "up", "down"] }
        : new();

    public static IReadOnlyList<TaskPreset> All { get; } =
    [
        // GLUE's file has no header: source, label, mark, sentence.
        Classes("glue/cola", [new("sentence", null, "label"), new("3", null, "1")], ["unacceptable", "acceptable"], 32, 80, 4e-4,
        Metric.Matthews),
        Classes("glue/sst2", [new("sentence", null, "label")], ["negative", "positive"], 16, 60, 5e-4),
        Classes("glue/mrpc", [new("#1 String", "#2 String", "Quality"), new("sentence1", "sentence2", "label")],
        ["not_equivalent", "equivalent"], 16, 30, 4e-4),
        // sts-test.tsv has no header: genre, file, year, index, score, sentence1, sentence2, and on some rows their sources.
        new("glue/stsb", TaskKind.Regression,
        [new("sentence1", "sentence2", "score"), new("sentence1", "sentence2", "label"), new("5", "6", "4")],
            null, Metric.Spearman, Schedule(16, 40, 4e-4)),
        Classes("glue/rte", [new("sentence1", "sentence2", "label")], ["entailment", "not_entailment"], 32, 80, 5e-4),
        Classes("glue/qnli", [new("question", "sentence", "label")], ["entailment", "not_entailment"], 32, 25, 4e-4),
        Classes("glue/mnli", [new("premise", "hypothesis", "label"), new("sentence1", "sentence2", "gold_label")],
            ["entailment", "neutral", "contradiction"], 16, 30, 5e-4),
        Classes("glue/qqp", [new("question1", "question2", "is_duplicate"), new("question1", "question2", "label")],
        ["not_duplicate", "duplicate"], 16, 25, 5e-4),
        // Tables 2 and 8 of the paper, which leaves rates and lengths open. E2E and DART: those of GPT-2 in table 11 of Hu et al. 2021.
        Generating("e2e", Metric.E2eBleu, 8, 5, 512, new() { MaxNewTokens = 64, Beams = 10, LengthPenalty = 0.9, NoRepeatNgram = 4 },
            new() { Prompt = "Table: {input}\nText:", Target = " {text}" }, new() { Prompt = "Table: {mr}\nText:", Target = " {ref}" }),
        Generating("dart", Metric.E2eBleu, 8, 5, 512, new() { MaxNewTokens = 96, Beams = 10, LengthPenalty = 0.8, NoRepeatNgram = 4 },
            new TextSettings { Prompt = "Triples: {triples}\nText:", Target = " {text}", Source = "source" }),
        Generating("dialogsum", Metric.Rouge, 8, 3, 1024, new() { MaxNewTokens = 128 },
            new() { Prompt = "{dialogue}\n\nSummary:", Target = " {summary}" },
            new() { Prompt = "{dialogue}\n\nSummary:", Target = " {summary1}", References = ["summary2", "summary3"] }),
        Generating("gsm8k", Metric.Gsm8k, 8, 3, 512, new() { MaxNewTokens = 320 },
        new TextSettings { Prompt = "Question: {question}\nAnswer:", Target = " {answer}" }),
        Generating(Chat, Metric.Perplexity, 8, 3, 2048, new() { MaxNewTokens = 512 }, new TextSettings { Chat = true }),
        new(Labelled, TaskKind.Classification, [new("text", null, "label"), new("prompt", null, "completion")], null, Metric.Accuracy,
        new()),
    ];

    /// <summary>The task with the preset's settings.</summary>
    public TaskSettings Task => new() { Kind = Kind, Preset = Name, Labels = Labels, Metric = Metric, Decoding = Decoding };

    /// <summary>The preset with this name, or null.</summary>
    public static TaskPreset? Find(string? name) => All.FirstOrDefault(preset => preset.Name == name);

    private static TaskPreset Classes(
        string name, TaskColumns[] columns, string[] labels, int batchSize, int epochs, double learningRate,
        Metric metric = Metric.Accuracy) =>
        new(name, TaskKind.Classification, columns, labels, metric, Schedule(batchSize, epochs, learningRate));

    private static TaskPreset Generating(string name, Metric metric, int batchSize, int epochs, int maxLength, DecodingSettings decoding,
        params TextSettings[] texts) =>
        new(name, TaskKind.Generation, [], null, metric, Schedule(batchSize, epochs, 2e-4) with { MaxLength = maxLength }) { Texts = texts,
            Decoding = decoding };

    private static TrainingSettings Schedule(int batchSize, int epochs, double learningRate) =>
        new() { BatchSize = batchSize, Epochs = epochs, LearningRate = learningRate };
}
