namespace LoraDrop.Domain;

/// <summary>What a stage will do.</summary>
/// <param name="Stage">The stage.</param>
/// <param name="Examples">Number of training examples.</param>
/// <param name="Steps">Optimiser steps.</param>
/// <param name="Passes">Passes over the examples; not whole where the steps are limited.</param>
public sealed record StageWork(Stage Stage, int Examples, int Steps, double Passes);

/// <summary>How much a job will do, as far as its settings and the facts of its data tell: what the run counts for itself once it has read every row.</summary>
public static class WorkEstimate
{
    /// <summary>The stages of a job, in their order. Early stopping may end the last one sooner.</summary>
    /// <param name="request">A request without faults of its own.</param>
    /// <param name="data">The data set.</param>
    public static IReadOnlyList<StageWork> Of(JobRequest request, DatasetFacts data)
    {
        if (data.Splits.FirstOrDefault(split => split.Split == SplitFacts.Train) is not { } train) return [];
        var (training, work) = (request.Training, new List<StageWork>());
        var examples = data.Splits.Any(split => split.Split == SplitFacts.Validation) ? train.Rows : KeptAside.StaysOf(train.Rows, StrataOf(request.Task, train, train.Rows));
        if (request.Importance is { From: null } importance)
        {
            var sample = StratifiedSample.SizeOf(examples, StrataOf(request.Task, train, examples), importance.SampleRatio);
            work.Add(WorkOf(Stage.ImportanceEvaluation, sample, importance.Steps ?? training.StepsIn(sample, importance.Epochs!.Value), training));
        }
        var steps = training.StepsIn(examples, training.Epochs);
        work.Add(WorkOf(Stage.TaskAdaptation, examples, Math.Min(steps, training.MaxSteps ?? steps), training));
        return work;
    }

    /// <summary>Roughly the tokens of an average text, from the size of the file: all its columns count, and a script that takes more tokens than English is estimated too low.</summary>
    public static double TokensOfText(JobRequest request, ModelFacts model, SplitFacts train) =>
        Math.Min((double)train.Bytes / Math.Max(1, train.Rows) / MemoryEstimate.CharactersInToken + 2, Math.Min(request.Training.MaxLength, model.LongestText));

    private static StageWork WorkOf(Stage stage, int examples, int steps, TrainingSettings training) => new(stage, examples, steps, (double)steps / Math.Max(1, training.StepsIn(examples)));

    /// <summary>Classes that there are rows of, or tenths of numbers; one where nobody can tell.</summary>
    private static int StrataOf(TaskSettings task, SplitFacts train, int rows) => task.Kind is TaskKind.Regression or TaskKind.Generation
        ? StratifiedSample.QuantilesOf(rows) : RequestFit.LabelColumn(task, train) is { } label ? label.Values?.Count ?? label.Distinct : 1;
}
