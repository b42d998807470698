using System.Text.Json.Serialization;

namespace LoraDrop.Domain;

/// <summary>The scores of an adapter on a split of a dataset.</summary>
/// <param name="Rows">Number of rows that were scored.</param>
/// <param name="Adapter">With the adapter.</param>
/// <param name="Base">With the adapter switched off; absent unless asked for. The head of a classifier or a regression is the trained
/// one.</param>
/// <param name="Remarks">Notes on how the file was read.</param>
public sealed record EvaluationResult(int Rows, ModelScores Adapter,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] ModelScores? Base, IReadOnlyList<string> Remarks)
{
    /// <summary>The file of the predictions with the adapter, and with the adapter switched off.</summary>
    public const string PredictionsFile = "predictions.jsonl", BasePredictionsFile = "base-predictions.jsonl";
}

/// <summary>The scores of a model.</summary>
/// <param name="Primary">Name of the primary score.</param>
/// <param name="Scores">Scores by name.</param>
/// <param name="Loss">Mean loss; absent if it is not a number.</param>
/// <param name="Prompts">Number of prompts that were answered; only for generation.</param>
public sealed record ModelScores(string Primary, IReadOnlyDictionary<string, double> Scores, double? Loss,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? Prompts = null);

/// <summary>A request to score a job's adapter on a dataset.</summary>
/// <param name="Dataset">Name or id of a registered dataset.</param>
/// <param name="Split"><c>train</c>, <c>validation</c> or <c>test</c>; default validation.</param>
/// <param name="Base">Whether to score the model with the adapter switched off, too; default false.</param>
public sealed record EvaluationRequest(string Dataset, string Split = SplitSummary.Validation, bool Base = false)
{
    private static readonly string[] Splits = [SplitSummary.Train, SplitSummary.Validation, SplitSummary.Test];

    /// <summary>Parses a request.</summary>
    /// <exception cref="RefusedInputException">The text is not JSON, or has faults, all of which are listed.</exception>
    public static EvaluationRequest Parse(string json)
    {
        var faults = new List<Fault>();
        var request = JsonFields.Read(json, faults, fields => new EvaluationRequest(fields.RequiredText("dataset"),
            fields.Text("split") ?? SplitSummary.Validation, fields.Flag("base") ?? false));
        if (!Splits.Contains(request.Split))
            faults.Add(new("split", $"must be one of {string.Join(", ", Splits)}; got \"{request.Split}\"{Spelling.Hint(request.Split,
                Splits)}"));
        return faults.Count == 0 ? request : throw new RefusedInputException(faults);
    }

    /// <summary>Why a dataset cannot be evaluated on by a job, as far as summaries tell; the run reads every row and decides.</summary>
    /// <param name="job">The job's request.</param>
    /// <param name="own">The dataset that the job learned from, which says what its classes are; null if it is not known.</param>
    /// <param name="data">The dataset to evaluate on.</param>
    public IReadOnlyList<Fault> FitFaults(JobRequest job, DatasetSummary? own, DatasetSummary data)
    {
        if (data.Splits.FirstOrDefault(split => split.Split == Split) is not { } scored)
            return [new("split", $"the dataset has no {Split}; it has {string.Join(", ", data.Splits.Select(split => split.Split))}")];
        var learned = own?.Splits.Where(split => split.Split == SplitSummary.Train) ?? [];
        return [.. RequestFit.Faults(job, null, new([.. learned, scored with { Split = SplitSummary.Validation }]))
            .Select(fault => fault with { Path = "dataset" })];
    }
}
