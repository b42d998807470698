using LoraDrop.Domain;
using LoraDrop.Storage;

namespace LoraDrop.Api;

/// <summary>A base model.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">The name for requests; absent where a job named its source, or when it is deleted.</param>
/// <param name="FormerName">The name that it had before it was deleted.</param>
/// <param name="Owner">Whose it is; absent for what is everybody's.</param>
/// <param name="Source"><c>hf:…</c>, <c>file:…</c> or <c>s3://…</c></param>
/// <param name="Commit">The commit of the hub's repository that was fetched.</param>
/// <param name="Status">preparing, ready or failed.</param>
/// <param name="Error">Why it cannot be used.</param>
/// <param name="Fetch">How much of it is here, while it is fetched.</param>
/// <param name="Facts">What is known of it, when it is ready.</param>
/// <param name="CreatedAt">When it was registered.</param>
/// <param name="ReadyAt">When it became ready.</param>
/// <param name="DeletedAt">When its name was deleted; ended jobs still show it.</param>
/// <param name="Href">Its own page.</param>
public sealed record ModelView(
    Guid Id, string? Name, string? FormerName, string? Owner, string Source, string? Commit, InputStatus Status, FailureView? Error, FetchView? Fetch, ModelSummary? Facts,
    DateTimeOffset CreatedAt, DateTimeOffset? ReadyAt, DateTimeOffset? DeletedAt, string Href)
{
    internal static ModelView Of(ModelRow row) => new(
        row.Id, row.Name, row.FormerName, Views.Owner(row.Owner), row.Source, row.Commit, row.Status, JobReading.FailureOf(row.Failure), FetchView.Of(row.Status, row.Fetched, row.FetchTotal), row.Facts,
        row.CreatedAt, row.ReadyAt, row.DeletedAt, $"/models/{Uri.EscapeDataString(row.Name ?? row.Id.ToString())}");
}

/// <summary>A part of the models.</summary>
/// <param name="Items">Newest first.</param>
/// <param name="Next">The cursor for the next part; absent at the end.</param>
public sealed record ModelPage(IReadOnlyList<ModelView> Items, string? Next);

/// <summary>How much of a model or a dataset is here.</summary>
/// <param name="Bytes">So far.</param>
/// <param name="Total">Of how many.</param>
public sealed record FetchView(long Bytes, long Total)
{
    internal static FetchView? Of(InputStatus status, long bytes, long total) => status == InputStatus.Preparing && total > 0 ? new(bytes, total) : null;
}
