using LoraDrop.Domain;

namespace LoraDrop.Engine;

/// <summary>The splits of a data set, read with the same labels.</summary>
public sealed record TrainingData(Dataset Train, Dataset Validation, Dataset? Test)
{
    /// <summary>Share of the training file that stays for training where no validation file is given.</summary>
    private const double TrainShare = 0.9;

    /// <summary>Reads every split; without a validation file a stratified tenth of the training file is kept aside.</summary>
    /// <exception cref="RefusedInputException">With the faults of all files.</exception>
    public static TrainingData Read(DataFiles files, TaskSettings task, long seed)
    {
        var faults = new List<Fault>();
        var train = Dataset.TryRead(files.Train, task, faults);
        if (train?.Labels is not null && train.Examples.DistinctBy(e => e.Class).Count() < 2)
            faults.Add(new Fault(train.File, "has one class only: there is nothing to learn"));
        if (train is not null) task = task with { Labels = train.Labels };
        var validation = files.Validation is null ? null : Dataset.TryRead(files.Validation, task, faults);
        var test = files.Test is null ? null : Dataset.TryRead(files.Test, task, faults);
        if (train is null || faults.Count > 0) throw new RefusedInputException(faults);
        return validation is null ? SetAside(train, test, seed) : new TrainingData(train, validation, test);
    }

    /// <summary>Samples what stays rather than what goes, so that no class, however rare, is lost to training.</summary>
    private static TrainingData SetAside(Dataset train, Dataset? test, long seed)
    {
        var stays = train.Labels is null
            ? StratifiedSample.ByQuantile([.. train.Examples.Select(e => e.Label)], TrainShare, seed, "validation")
            : StratifiedSample.ByClass([.. train.Examples.Select(e => e.Class)], TrainShare, seed, "validation");
        var aside = Enumerable.Range(0, train.Examples.Count).Except(stays).ToArray();
        if (aside.Length == 0) throw new RefusedInputException(train.File, "has too few rows to keep a tenth aside: give a validation file");
        return new TrainingData(train.Part(stays), train.Part(aside), test);
    }
}
