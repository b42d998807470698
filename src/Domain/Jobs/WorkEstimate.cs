namespace LoraDrop.Domain;

/// <summary>The amount of work of a stage.</summary>
/// <param name="Stage">The stage.</param>
/// <param name="Examples">Number of training examples.</param>
/// <param name="Steps">Optimiser steps.</param>
/// <param name="Passes">Epochs over the examples; fractional if the steps are limited.</param>
public sealed record StageWork(Stage Stage, int Examples, int Steps, double Passes);

/// <summary>Estimates the amount of work of a job from its settings and the summary of its data. The run counts exactly.</summary>
public static class WorkEstimate
{
    /// <summary>The stages of a job in order. Early stopping may shorten the last one.</summary>
    /// <param name="request">A request without faults of its own.</param>
    /// <param name="data">The dataset.</param>
    public static IReadOnlyList<StageWork> Of(JobRequest request, DatasetSummary data)
    {
        if (data.Splits.FirstOrDefault(split => split.Split == SplitSummary.Train) is not { } train) return [];
        var (training, work) = (request.Training, new List<StageWork>());
        var examples = data.Splits.Any(split => split.Split == SplitSummary.Validation)
            ? train.Rows
            : ValidationSplit.TrainingSizeOf(train.Rows, StrataOf(request.Task, train, train.Rows));
        if (request.Importance is { From: null } importance)
        {
            var sample = StratifiedSample.SizeOf(examples, StrataOf(request.Task, train, examples), importance.SampleRatio);
            work.Add(WorkOf(Stage.ImportanceEvaluation, sample, importance.Steps ?? training.StepsIn(sample, importance.Epochs!.Value),
                training));
        }
        var steps = training.StepsIn(examples, training.Epochs);
        work.Add(WorkOf(Stage.TaskAdaptation, examples, Math.Min(steps, training.MaxSteps ?? steps), training));
        return work;
    }

    /// <summary>Estimated tokens of an average text, from the file size. Counts all columns, and underestimates scripts with more tokens
    /// than English.</summary>
    public static double TokensOfText(JobRequest request, ModelSummary model, SplitSummary train) =>
        Math.Min((double)train.Bytes / Math.Max(1, train.Rows) / MemoryEstimate.CharactersInToken + 2,
            model.LongestOf(request)) + request.Tuning.WordsBefore;

    private static StageWork WorkOf(Stage stage, int examples, int steps, TrainingSettings training) =>
        new(stage, examples, steps, (double)steps / Math.Max(1, training.StepsIn(examples)));

    /// <summary>The number of classes or tenths of numbers; 1 if unknown.</summary>
    private static int StrataOf(TaskSettings task, SplitSummary train, int rows) => task.Kind is TaskKind.Regression or TaskKind.Generation
        ? StratifiedSample.QuantilesOf(rows) : RequestFit.LabelColumn(task, train) is { } label ? label.Values?.Count ?? label.Distinct : 1;
}
