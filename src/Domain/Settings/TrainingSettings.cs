using System.Text.Json.Serialization;

namespace LoraDrop.Domain;

/// <summary>Data type of the frozen model's layer matrices. Embeddings, norms, heads and the output layer stay in floating point; adapters
/// are trained in float32.</summary>
public enum WeightKind
{
    /// <summary>32 bits.</summary>
    Float32,

    /// <summary>16 bits.</summary>
    Bfloat16,

    /// <summary>8 bits, with a scale per row.</summary>
    Int8,

    /// <summary>4 bits: NormalFloat with double quantisation (QLoRA, Dettmers et al. 2023).</summary>
    Nf4,
}

/// <summary>What the learning rate does after warm-up.</summary>
public enum RateSchedule
{
    /// <summary>It falls linearly to 0 at the last step (Hu et al. 2021).</summary>
    Linear,

    /// <summary>It falls to 0 along half a cosine (Loshchilov and Hutter 2016).</summary>
    Cosine,

    /// <summary>It stays at its peak.</summary>
    Constant,
}

/// <summary>The optimiser (AdamW, with linear warm-up and a schedule) and the length of training. "Table 9" refers to Hu et al.
/// 2021.</summary>
public sealed record TrainingSettings
{
    /// <summary>Number of epochs; at least 1, default the preset's (table 9), else 30.</summary>
    public int Epochs { get; init; } = 30;

    /// <summary>Examples per micro-batch; at least 1, default the preset's (table 9), else 32.</summary>
    public int BatchSize { get; init; } = 32;

    /// <summary>Peak learning rate, reached after warm-up; above 0, default the method's (<c>GET /methods</c>), else the preset's
    /// (table 9), else 5e-4.</summary>
    public double LearningRate { get; init; } = 5e-4;

    /// <summary>Peak learning rate of the task head; above 0, default null: <see cref="LearningRate"/>.</summary>
    public double? ClassifierLearningRate { get; init; }

    /// <summary>Fraction of steps over which the learning rate rises from 0; [0, 1), default 0.06 (table 9).</summary>
    public double WarmupRatio { get; init; } = 0.06;

    /// <summary>What the learning rate does after warm-up; default <c>linear</c>.</summary>
    public RateSchedule Schedule { get; init; } = RateSchedule.Linear;

    /// <summary>AdamW's weight decay, multiplied by the learning rate at each step; at least 0, default 0.01.</summary>
    public double WeightDecay { get; init; } = 0.01;

    /// <summary>Maximum tokens per example, beyond which it is truncated; at least 4, default 512 (table 9).</summary>
    public int MaxLength { get; init; } = 512;

    /// <summary>Random seed; default 42.</summary>
    public long Seed { get; init; } = 42;

    /// <summary>Maximum gradient norm; larger gradients are clipped. At least 0, default 1; 0 disables clipping.</summary>
    public double MaxGradNorm { get; init; } = 1;

    /// <summary>Gradient accumulation: micro-batches per optimiser step; at least 1, default 1.</summary>
    public int Accumulation { get; init; } = 1;

    /// <summary>Optimiser steps between evaluations; at least 1, default null: evaluate after every epoch.</summary>
    public int? EvaluateEvery { get; init; }

    /// <summary>Stop after this many evaluations without a better score; at least 1, default null: never.</summary>
    public int? EarlyStopping { get; init; }

    /// <summary>For generation: whether to pack the texts of a batch into one row without padding, with separate attention; the result does
    /// not depend on it. Default true; null otherwise.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Packing { get; init; }

    /// <summary>Data type of the frozen model's matrices; default null: float32 on a CPU, bfloat16 on CUDA. Smaller types save memory and
    /// cost a little time to unpack.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public WeightKind? Weights { get; init; }

    /// <summary>Activation checkpointing: whether to keep only each layer's input and recompute the layer for its gradients. Saves memory
    /// and takes about a third more time. Default null: no.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Checkpointing { get; init; }

    /// <summary>Maximum optimiser steps of task adaptation, regardless of epochs; at least 1, default null: no limit.</summary>
    public int? MaxSteps { get; init; }

    /// <summary>Optimiser steps of a number of epochs over n examples; at most int.MaxValue.</summary>
    public int StepsIn(int n, int passes = 1)
    {
        var batches = ((long)n + BatchSize - 1) / BatchSize;
        return (int)Math.Min(int.MaxValue, (batches + Accumulation - 1) / Accumulation * passes);
    }

    public IEnumerable<Fault> Faults(string path)
    {
        (string Field, int? Value, int Least)[] counts =
        [
            ("epochs", Epochs, 1), ("batchSize", BatchSize, 1), ("maxLength", MaxLength, 4), ("accumulation", Accumulation, 1),
            ("evaluateEvery", EvaluateEvery, 1), ("earlyStopping", EarlyStopping, 1), ("maxSteps", MaxSteps, 1),
        ];
        foreach (var (field, value, least) in counts)
            if (value < least) yield return new($"{path}.{field}", $"must be at least {least}; got {value}");

        (string Field, double? Value)[] rates = [("learningRate", LearningRate), ("classifierLearningRate", ClassifierLearningRate)];
        foreach (var (field, rate) in rates)
            if (rate is not (null or (> 0 and < double.PositiveInfinity)))
                yield return new($"{path}.{field}", $"must be above 0; got {rate}");
        if (WarmupRatio is not (>= 0 and < 1)) yield return new($"{path}.warmupRatio", $"must lie in [0, 1); got {WarmupRatio}");
        if (WeightDecay is not (>= 0 and < double.PositiveInfinity))
            yield return new($"{path}.weightDecay", $"must be at least 0; got {WeightDecay}");
        if (MaxGradNorm is not (>= 0 and < double.PositiveInfinity))
            yield return new($"{path}.maxGradNorm", $"must be at least 0 (0 disables clipping); got {MaxGradNorm}");
    }

    internal static TrainingSettings Read(JsonFields fields, TaskSettings task, Method method)
    {
        var defaults = TaskPreset.Find(task.Preset)?.Training ?? new TrainingSettings();
        return new TrainingSettings
        {
            Epochs = fields.Integer("epochs") ?? defaults.Epochs,
            BatchSize = fields.Integer("batchSize") ?? defaults.BatchSize,
            LearningRate = fields.Number("learningRate") ?? method.LearningRate ?? defaults.LearningRate,
            ClassifierLearningRate = fields.Number("classifierLearningRate"),
            WarmupRatio = fields.Number("warmupRatio") ?? defaults.WarmupRatio,
            Schedule = fields.Choice<RateSchedule>("schedule") ?? defaults.Schedule,
            WeightDecay = fields.Number("weightDecay") ?? defaults.WeightDecay,
            MaxLength = fields.Integer("maxLength") ?? defaults.MaxLength,
            Seed = fields.LongInteger("seed") ?? defaults.Seed,
            MaxGradNorm = fields.Number("maxGradNorm") ?? defaults.MaxGradNorm,
            Accumulation = fields.Integer("accumulation") ?? defaults.Accumulation,
            EvaluateEvery = fields.Integer("evaluateEvery"),
            EarlyStopping = fields.Integer("earlyStopping"),
            MaxSteps = fields.Integer("maxSteps"),
            Weights = fields.Choice<WeightKind>("weights"),
            Checkpointing = fields.Flag("checkpointing"),
            Packing = fields.Flag("packing") ?? (task.Kind == TaskKind.Generation ? true : null),
        };
    }
}
