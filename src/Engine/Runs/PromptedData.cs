using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Runs;

/// <summary>The splits of a generation task.</summary>
/// <param name="Files">The files that were read.</param>
/// <param name="Remarks">Remarks for the user on how they were read.</param>
/// <param name="TrainSet">Training set D.</param>
/// <param name="ValidationSet">The set for evaluation during training, by perplexity.</param>
/// <param name="TestSet">Evaluated once, at the end, or null.</param>
/// <param name="Sources">The source of each training row.</param>
/// <param name="Encoder">The model's tokenizer and limits.</param>
/// <param name="Asked">The prompts answered and scored at the end, each with all correct answers.</param>
/// <param name="AskedFrom">Their split.</param>
public sealed record PromptedData(IReadOnlyList<DataFile> Files, IReadOnlyList<string> Remarks, TargetSet TrainSet, TargetSet ValidationSet,
    TargetSet? TestSet, IReadOnlyList<string> Sources,
    PromptEncoder Encoder, IReadOnlyList<Prompt> Asked, string AskedFrom) : TaskData(Files, Remarks)
{
    private const string TrainingRows = "training rows";

    public override TargetSet Train => TrainSet;

    public override TargetSet Validation => ValidationSet;

    public override TargetSet? Test => TestSet;

    public override FrozenModel Open(string folder, long seed, Device device, WeightKind? kind, SharedWeights? shared) =>
        LanguageModel.Open(folder, device, kind, shared);

    /// <summary>Stratified by deciles of target length and, if the data names one, by source.</summary>
    public override int[] Sample(double ratio, long seed) =>
        StratifiedSample.BySourceAndQuantile(Sources, [.. TrainSet.Learnt.Select(learnt => (double)learnt.Length)], ratio, seed,
            "importance");

    /// <summary>Reads the splits; without a validation file a tenth of the training file is held out, stratified by deciles of target
    /// length. Rows with the same prompt stay together.</summary>
    internal static PromptedData Read(DataFiles files, TaskSettings task, PromptEncoder encoder, long seed)
    {
        var faults = new List<Fault>();
        var train = PromptFile.TryRead(files.Train, task, faults);
        var validation = files.Validation is null ? null : PromptFile.TryRead(files.Validation, task, faults);
        var test = files.Test is null ? null : PromptFile.TryRead(files.Test, task, faults);
        if (train is null || faults.Count > 0) throw new RefusedInputException(faults);
        PromptFile[] all = [.. new[] { train, validation, test }.OfType<PromptFile>()];
        List<string> remarks = [.. all.SelectMany(file => file.Remarks), .. DataRemarks.NotUsed(all.Select(file =>
            (file.File, file.NotUsed)))];
        train = encoder.Fitted(train, remarks);
        validation = validation is null ? null : encoder.Fitted(validation, remarks);
        test = test is null ? null : encoder.Fitted(test, remarks);
        var (stays, aside) = validation is null ? SetAside(train, seed) : (train.Prompts, validation.Prompts);
        var trained = Encoded(encoder, train.File, stays, TrainingRows, out var kept);
        var validated = Encoded(encoder, validation?.File ?? train.File, aside, "validation rows", out _);
        var tested = test is null ? null : Encoded(encoder, test.File, test.Prompts, "test rows", out _);
        foreach (var set in (TargetSet?[])[trained, validated, tested]) remarks.AddRange(set?.Remarks ?? []);
        var asked = encoder.Asked(test?.Prompts ?? aside);
        var read = new List<DataFile> { new(train.File, "train", stays.Count, train.Sha256), validation is null
            ? new(train.File, "validation", aside.Count, train.Sha256)
            : new(validation.File, "validation", aside.Count, validation.Sha256) };
        if (test is not null) read.Add(new(test.File, "test", test.Prompts.Count, test.Sha256));
        if (task.Decoding!.Rows is { } rows) asked = [.. asked.Take(rows)];
        string[] sources = [.. kept.Select(i => stays[i].Source)];
        return new(read, [.. encoder.Fit, .. remarks], trained, validated, tested, sources, encoder, asked, test is null ? "validation"
            : "test");
    }

    /// <summary>The rows of a split; refused if all are too long.</summary>
    private static TargetSet Encoded(PromptEncoder encoder, string file, IReadOnlyList<Prompt> prompts, string rows, out int[] kept)
    {
        var set = encoder.Encode(prompts, out kept, rows);
        if (set.Count > 0) return set;
        var purpose = rows == TrainingRows ? "" : " to evaluate on";
        throw new RefusedInputException(file,
            $"has no row of at most {encoder.LongestText} tokens{purpose}: raise training.maxLength, or let rows be cut");
    }

    private static (IReadOnlyList<Prompt> Stays, IReadOnlyList<Prompt> Aside) SetAside(PromptFile train, long seed)
    {
        var groups = train.Prompts.GroupBy(prompt => prompt.Key).ToArray();
        var stays = ValidationSplit.TrainingRows([.. groups.Select(group => (double)group.First().Target.Length)], seed).ToHashSet();
        var aside = groups.Index().Where(group => !stays.Contains(group.Index)).SelectMany(group => group.Item).ToArray();
        if (aside.Length == 0)
            throw new RefusedInputException(train.File,
                "has too few different prompts to keep a tenth of them aside: give a validation file");
        return ([.. groups.Index().Where(group => stays.Contains(group.Index)).SelectMany(group => group.Item)], aside);
    }
}
