using LoraDrop.Domain;
using LoraDrop.Storage;

namespace LoraDrop.Api;

/// <summary>An evaluation of a job's adapter on a split of a dataset.</summary>
/// <param name="Id">Id of the evaluation.</param>
/// <param name="Job">The job.</param>
/// <param name="Dataset">The dataset that was evaluated on.</param>
/// <param name="Split"><c>train</c>, <c>validation</c> or <c>test</c>.</param>
/// <param name="Base">Whether the model is also scored with the adapter switched off.</param>
/// <param name="Status"><c>queued</c>, <c>running</c>, <c>succeeded</c> or <c>failed</c>.</param>
/// <param name="Attempt">How often a worker took it.</param>
/// <param name="Worker">The worker that took it last.</param>
/// <param name="Result">The scores; absent until it has succeeded.</param>
/// <param name="Error">Why it failed.</param>
/// <param name="Files">The predictions, a JSON object per line; empty until it has succeeded.</param>
/// <param name="CreatedAt">When it was submitted.</param>
/// <param name="StartedAt">When a worker first took it.</param>
/// <param name="FinishedAt">When it ended.</param>
/// <param name="Href">Path of this evaluation.</param>
public sealed record EvaluationView(Guid Id, Guid Job, EvaluatedDataset Dataset, string Split, bool Base, JobStatus Status, int Attempt,
    string? Worker, EvaluationResult? Result, FailureView? Error, IReadOnlyList<EvaluationFileView> Files, DateTimeOffset CreatedAt,
    DateTimeOffset? StartedAt, DateTimeOffset? FinishedAt, string Href)
{
    internal static EvaluationView Of(EvaluationRow row)
    {
        var href = $"/jobs/{row.JobId}/evaluations/{row.Id}";
        return new(row.Id, row.JobId, new(row.DatasetId, row.Dataset), row.Split, row.Base, row.Status, row.Attempt, row.LeaseOwner,
            ResultOf(row.Result), JobReading.FailureOf(row.Failure), [.. row.Files.Select(file => new EvaluationFileView(file.Name,
            file.Bytes, file.Sha256, ContentTypes.Of(file.Name).Type, $"{href}/files/{file.Name}"))], row.CreatedAt, row.StartedAt,
            row.FinishedAt, href);
    }

    private static EvaluationResult? ResultOf(EvaluationResult? result) => result is null ? null
        : result with { Adapter = Finite(result.Adapter), Base = result.Base is { } plain ? Finite(plain) : null };

    private static ModelScores Finite(ModelScores scores) =>
        scores with { Scores = ApiJson.Finite(scores.Scores), Loss = ApiJson.Finite(scores.Loss) };
}

/// <summary>A dataset that was evaluated on.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">Its name when the evaluation was submitted.</param>
public sealed record EvaluatedDataset(Guid Id, string Name);

/// <summary>A file of an evaluation.</summary>
/// <param name="Name"><c>predictions.jsonl</c>, or <c>base-predictions.jsonl</c> with the adapter switched off.</param>
/// <param name="Bytes">Size in bytes.</param>
/// <param name="Sha256">SHA-256 digest, also used as ETag.</param>
/// <param name="ContentType">Media type of the file.</param>
/// <param name="Href">Path to download it.</param>
public sealed record EvaluationFileView(string Name, long Bytes, string Sha256, string ContentType, string Href);

/// <summary>The evaluations of a job.</summary>
/// <param name="Items">Newest first.</param>
/// <param name="Next">Cursor of the next page; absent on the last page.</param>
public sealed record EvaluationPage(IReadOnlyList<EvaluationView> Items, string? Next);
