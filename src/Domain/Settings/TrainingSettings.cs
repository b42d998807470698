using System.Text.Json.Serialization;

namespace LoraDrop.Domain;

/// <summary>How the matrices of a frozen model's layers are kept. Embeddings, norms, heads and the output layer stay in floating point; adapters learn in float32.</summary>
public enum WeightKind
{
    /// <summary>32 bits a number.</summary>
    Float32,

    /// <summary>16 bits.</summary>
    Bfloat16,

    /// <summary>8 bits, a scale for each row.</summary>
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

/// <summary>The optimiser (AdamW, a learning rate with warm-up and schedule) and the length of a run. "Table 9" is that of Hu et al. 2021.</summary>
public sealed record TrainingSettings
{
    /// <summary>Passes over the training set; at least 1, default the preset's (table 9), else 30.</summary>
    public int Epochs { get; init; } = 30;

    /// <summary>Examples in a micro-batch; at least 1, default the preset's (table 9), else 32.</summary>
    public int BatchSize { get; init; } = 32;

    /// <summary>The highest learning rate, reached after warm-up; above 0, default the preset's (table 9), else 5e-4.</summary>
    public double LearningRate { get; init; } = 5e-4;

    /// <summary>The highest learning rate of the task's head; above 0, default null: <see cref="LearningRate"/>.</summary>
    public double? ClassifierLearningRate { get; init; }

    /// <summary>Share of all steps in which the learning rate rises from 0; [0, 1), default 0.06 (table 9).</summary>
    public double WarmupRatio { get; init; } = 0.06;

    /// <summary>What the learning rate does after warm-up; default <c>linear</c>.</summary>
    public RateSchedule Schedule { get; init; } = RateSchedule.Linear;

    /// <summary>AdamW's decay per step, times the learning rate; at least 0, default 0.01.</summary>
    public double WeightDecay { get; init; } = 0.01;

    /// <summary>Tokens of an example, the rest is cut off; at least 4, default 512 (table 9).</summary>
    public int MaxLength { get; init; } = 512;

    /// <summary>Everything random is drawn from it; default 42.</summary>
    public long Seed { get; init; } = 42;

    /// <summary>Gradients with a larger norm are scaled down to it; at least 0, default 1; 0 turns it off.</summary>
    public double MaxGradNorm { get; init; } = 1;

    /// <summary>Micro-batches whose gradients make one optimiser step; at least 1, default 1.</summary>
    public int Accumulation { get; init; } = 1;

    /// <summary>Optimiser steps from one evaluation to the next; at least 1, default null: at the end of every epoch.</summary>
    public int? EvaluateEvery { get; init; }

    /// <summary>Evaluations without a better score before the run stops; at least 1, default null: never.</summary>
    public int? EarlyStopping { get; init; }

    /// <summary>Generation: whether the texts of a batch share one row, one after the other with attention kept apart, so that nothing is padding; what is learnt does not depend on it. Default true; null otherwise.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Packing { get; init; }

    /// <summary>How the frozen model's matrices are kept; default null: float32 on a CPU, bfloat16 on CUDA. Smaller ones take less memory, and a little time to be unpacked for each product.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public WeightKind? Weights { get; init; }

    /// <summary>Whether of each layer only its input is kept, and the layer is computed again for its gradients: less memory for about a third more time. Default null: no.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Checkpointing { get; init; }

    /// <summary>Optimiser steps after which task adaptation ends, however many epochs are left; at least 1, default null: no limit.</summary>
    public int? MaxSteps { get; init; }

    /// <summary>Optimiser steps in passes over n examples; at most what an int holds.</summary>
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
            if (rate is not (null or (> 0 and < double.PositiveInfinity))) yield return new($"{path}.{field}", $"must be above 0; got {rate}");
        if (WarmupRatio is not (>= 0 and < 1)) yield return new($"{path}.warmupRatio", $"must lie in [0, 1); got {WarmupRatio}");
        if (WeightDecay is not (>= 0 and < double.PositiveInfinity)) yield return new($"{path}.weightDecay", $"must be at least 0; got {WeightDecay}");
        if (MaxGradNorm is not (>= 0 and < double.PositiveInfinity)) yield return new($"{path}.maxGradNorm", $"must be at least 0 (0 turns it off); got {MaxGradNorm}");
    }

    internal static TrainingSettings Read(JsonFields fields, TaskSettings task)
    {
        var defaults = TaskPreset.Find(task.Preset)?.Training ?? new TrainingSettings();
        return new TrainingSettings
        {
            Epochs = fields.Integer("epochs") ?? defaults.Epochs,
            BatchSize = fields.Integer("batchSize") ?? defaults.BatchSize,
            LearningRate = fields.Number("learningRate") ?? defaults.LearningRate,
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
