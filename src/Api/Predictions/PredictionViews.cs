using LoraDrop.Domain;

namespace LoraDrop.Api;

/// <summary>The answers of a job's adapter.</summary>
/// <param name="Job">The job.</param>
/// <param name="Items">The answers, in the order of the inputs.</param>
/// <param name="Seconds">Time from the request to the answer.</param>
/// <param name="Worker">The worker that answered.</param>
public sealed record PredictionView(Guid Job, IReadOnlyList<PredictedItem> Items, double Seconds, string Worker);

/// <summary>A piece of generated text: the data of the event <c>token</c>.</summary>
internal sealed record TokenView(int Index, PredictionSource Source, string Text);

/// <summary>A finished answer: the data of the event <c>answer</c>.</summary>
internal sealed record AnswerView(int Index, PredictionSource Source, string? Text, int? Tokens, string? Finish, string? Remark);

/// <summary>The data of the event <c>done</c>.</summary>
internal sealed record DoneView(Guid Job, double Seconds, string Worker);
