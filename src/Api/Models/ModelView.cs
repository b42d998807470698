using LoraDrop.Domain;
using LoraDrop.Storage;

namespace LoraDrop.Api;

/// <summary>A base model with its status and dimensions.</summary>
/// <param name="Id">Unique id.</param>
/// <param name="Name">The registered name; absent if a job referred to it by source, or after deletion.</param>
/// <param name="FormerName">The name it had before deletion.</param>
/// <param name="Owner">The owner; absent if shared with everyone.</param>
/// <param name="Source"><c>hf:…</c>, <c>file:…</c> or <c>s3://…</c></param>
/// <param name="Commit">The fetched commit of the hub repository.</param>
/// <param name="Status">preparing, ready or failed.</param>
/// <param name="Error">Why it failed; absent otherwise.</param>
/// <param name="Fetch">Download progress; absent unless it is being fetched.</param>
/// <param name="Facts">Dimensions and files of the model; absent until ready.</param>
/// <param name="CreatedAt">When it was registered.</param>
/// <param name="ReadyAt">When it became ready.</param>
/// <param name="DeletedAt">When it was deleted; ended jobs still refer to it.</param>
/// <param name="Href">Path of this resource.</param>
public sealed record ModelView(
    Guid Id, string? Name, string? FormerName, string? Owner, string Source, string? Commit, InputStatus Status, FailureView? Error,
    FetchView? Fetch, ModelSummary? Facts,
    DateTimeOffset CreatedAt, DateTimeOffset? ReadyAt, DateTimeOffset? DeletedAt, string Href)
{
    internal static ModelView Of(ModelRow row) => new(
        row.Id, row.Name, row.FormerName, Views.Owner(row.Owner), row.Source, row.Commit, row.Status, JobReading.FailureOf(row.Failure),
        FetchView.Of(row.Status, row.Fetched, row.FetchTotal), row.Facts,
        row.CreatedAt, row.ReadyAt, row.DeletedAt, $"/models/{Uri.EscapeDataString(row.Name ?? row.Id.ToString())}");
}

/// <summary>A page of models.</summary>
/// <param name="Items">Newest first.</param>
/// <param name="Next">Cursor of the next page; absent on the last page.</param>
public sealed record ModelPage(IReadOnlyList<ModelView> Items, string? Next);

/// <summary>Download progress of a model or dataset.</summary>
/// <param name="Bytes">Bytes downloaded so far.</param>
/// <param name="Total">Total bytes.</param>
public sealed record FetchView(long Bytes, long Total)
{
    internal static FetchView? Of(InputStatus status, long bytes, long total) =>
        status == InputStatus.Preparing && total > 0 ? new(bytes, total) : null;
}
