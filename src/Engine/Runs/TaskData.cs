using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Runs;

/// <summary>The splits of a task, tokenized for a model.</summary>
/// <param name="Files">The files that were read.</param>
/// <param name="Remarks">Remarks for the user on how they were read.</param>
public abstract record TaskData(IReadOnlyList<DataFile> Files, IReadOnlyList<string> Remarks)
{
    /// <summary>Training set D.</summary>
    public abstract EncodedSet Train { get; }

    /// <summary>The set for evaluation during training.</summary>
    public abstract EncodedSet Validation { get; }

    /// <summary>Evaluated once, at the end, or null.</summary>
    public abstract EncodedSet? Test { get; }

    /// <summary>The class names, or null.</summary>
    public virtual IReadOnlyList<string>? Labels => null;

    /// <summary>The model with the head that the task needs.</summary>
    public abstract FrozenModel Open(string folder, long seed, Device device, WeightKind? kind, SharedWeights? shared = null);

    /// <summary>A stratified sample of the training set, by index: D_s of the paper.</summary>
    public abstract int[] Sample(double ratio, long seed);

    /// <summary>Reads and tokenizes the splits.</summary>
    /// <exception cref="RefusedInputException">The files have faults, all of which are listed, or the model does not support the
    /// task.</exception>
    public static TaskData Read(DataFiles files, TaskSettings task, string model, ModelConfig config, int maxLength, long seed)
    {
        if (task.Kind != TaskKind.Generation)
            return LabelledData.Encode(TrainingData.Read(files, task, seed), new TextEncoder(model, config, maxLength), task);
        if (config is not DecoderConfig decoder)
            throw new RefusedInputException("model",
                $"is an encoder ({config.Module}), which generates no text; decoders are {string.Join(", ", DecoderConfig.Families.Keys)}");
        return PromptedData.Read(files, task, new PromptEncoder(model, decoder, maxLength, task.TextChoices), seed);
    }
}

/// <summary>The splits of a classification or regression task.</summary>
public sealed record LabelledData(IReadOnlyList<DataFile> Files, IReadOnlyList<string> Remarks, LabelledSet TrainSet,
    LabelledSet ValidationSet, LabelledSet? TestSet, IReadOnlyList<string>? Classes, TaskKind Kind)
    : TaskData(Files, Remarks)
{
    public override LabelledSet Train => TrainSet;

    public override LabelledSet Validation => ValidationSet;

    public override LabelledSet? Test => TestSet;

    public override IReadOnlyList<string>? Labels => Classes;

    /// <summary>One logit per class, or one for regression.</summary>
    public override FrozenModel Open(string folder, long seed, Device device, WeightKind? kind, SharedWeights? shared) =>
        SequenceClassifier.Open(folder, Classes, seed, device, kind, shared);

    public override int[] Sample(double ratio, long seed) => Kind == TaskKind.Classification
        ? StratifiedSample.ByClass([.. TrainSet.Labels.Select(l => (int)l)], ratio, seed, "importance")
        : StratifiedSample.ByQuantile(TrainSet.Labels, ratio, seed, "importance");

    /// <summary>Tokenizes splits.</summary>
    public static LabelledData Encode(TrainingData source, TextEncoder encoder, TaskSettings task)
    {
        var train = encoder.Encode(source.Train.Examples);
        var cut = train.Lengths.Count(length => length == encoder.LongestText);
        var files = new List<DataFile> { FileOf(source.Train, "train"), FileOf(source.Validation, "validation") };
        if (source.Test is { } test) files.Add(FileOf(test, "test"));
        IReadOnlyList<string> remarks = [.. source.Remarks, .. encoder.Fit];
        if (cut > 0)
            remarks = [.. remarks, $"{cut} of {train.Count} training texts have {encoder.LongestText} tokens or more and are cut there."];
        return new(files, remarks, train, encoder.Encode(source.Validation.Examples),
            source.Test is { } labelled ? encoder.Encode(labelled.Examples) : null, source.Train.Labels, task.Kind);
    }

    private static DataFile FileOf(Dataset data, string use) => new(data.File, use, data.Examples.Count, data.Sha256);
}
