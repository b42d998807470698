using LoraDrop.Domain;

namespace LoraDrop.Engine.Data;

/// <summary>The splits of a data set, read with the same labels.</summary>
public sealed record TrainingData(Dataset Train, Dataset Validation, Dataset? Test)
{
    /// <summary>Remarks for the user on how the files were read.</summary>
    public IReadOnlyList<string> Remarks { get; init; } = [];

    /// <summary>Reads every split. Without a validation file, a stratified tenth of the training file is held out. A test file with hidden
    /// labels is skipped.</summary>
    /// <exception cref="RefusedInputException">With the faults of all files.</exception>
    public static TrainingData Read(DataFiles files, TaskSettings task, long seed)
    {
        var faults = new List<Fault>();
        var train = Dataset.TryRead(files.Train, task, faults);
        if (train?.Labels is not null && train.Examples.DistinctBy(e => e.Class).Count() < 2)
            faults.Add(new Fault(train.File, "has one class only: there is nothing to learn"));
        if (train is not null) task = task with { Labels = train.Labels };
        var validation = files.Validation is null ? null : Dataset.TryRead(files.Validation, task, faults);
        var test = files.Test is null ? null : Dataset.TryRead(files.Test, task, faults, mayHideLabels: true);
        if (train is null || faults.Count > 0) throw new RefusedInputException(faults);
        var labelled = test is { Examples.Count: > 0 } ? test : null;
        var read = validation is null ? SetAside(train, labelled, seed) : new TrainingData(train, validation, labelled);
        List<string> remarks = [.. RemarksOn([.. new[] { train, validation, test }.OfType<Dataset>()])];
        if (test is not null && labelled is null)
            remarks.Add($"{test.File} is left out: its labels are all -1, which says that they are hidden.");
        return read with { Remarks = remarks };
    }

    private static IEnumerable<string> RemarksOn(IReadOnlyList<Dataset> files) =>
    [
        .. files.SelectMany(file => file.Remarks), .. DataRemarks.NotUsed(files.Select(file => (file.File, file.NotUsed))),
        .. files[0].Labels is null ? [] : ClassNames.SpellingRemarks(files.SelectMany(file => file.Spellings)).Select(remark =>
            $"Labels: {remark}."),
    ];

    private static TrainingData SetAside(Dataset train, Dataset? test, long seed)
    {
        var stays = train.Labels is null
            ? ValidationSplit.TrainingRows([.. train.Examples.Select(e => e.Label)], seed)
            : ValidationSplit.TrainingRows([.. train.Examples.Select(e => e.Class)], seed);
        var aside = Enumerable.Range(0, train.Examples.Count).Except(stays).ToArray();
        if (aside.Length == 0) throw new RefusedInputException(train.File, ValidationSplit.TooFew);
        return new TrainingData(train.Part(stays), train.Part(aside), test);
    }
}
