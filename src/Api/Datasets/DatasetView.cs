using LoraDrop.Domain;
using LoraDrop.Storage;

namespace LoraDrop.Api;

/// <summary>A dataset.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">The name for requests; absent where a job named its source, or when it is deleted.</param>
/// <param name="FormerName">The name that it had before it was deleted.</param>
/// <param name="Owner">Whose it is; absent for what is everybody's.</param>
/// <param name="Source"><c>upload</c>, <c>hf:…</c>, <c>file:…</c> or <c>s3://…</c></param>
/// <param name="Commit">The commit of the hub's repository that was fetched.</param>
/// <param name="Status">preparing, ready or failed.</param>
/// <param name="Error">Why it cannot be used: each fault names file, row and column.</param>
/// <param name="Fetch">How much of it is here, while it is fetched.</param>
/// <param name="Sha256">The digest over its splits, when it is ready.</param>
/// <param name="Splits">Its splits, when it is ready; a list leaves their columns out.</param>
/// <param name="CreatedAt">When it was uploaded or registered.</param>
/// <param name="ReadyAt">When it became ready.</param>
/// <param name="DeletedAt">When its name was deleted; ended jobs still show it.</param>
/// <param name="Href">Its own page.</param>
public sealed record DatasetView(
    Guid Id, string? Name, string? FormerName, string? Owner, string Source, string? Commit, InputStatus Status, FailureView? Error, FetchView? Fetch, string? Sha256,
    IReadOnlyList<SplitView>? Splits, DateTimeOffset CreatedAt, DateTimeOffset? ReadyAt, DateTimeOffset? DeletedAt, string Href)
{
    internal static DatasetView Of(DatasetRow row, bool columns) => new(
        row.Id, row.Name, row.FormerName, Views.Owner(row.Owner), row.Source, row.Commit, row.Status, JobReading.FailureOf(row.Failure), FetchView.Of(row.Status, row.Fetched, row.FetchTotal), row.Sha256,
        row.Facts?.Splits.Select(split => new SplitView(split.Split, split.File, split.Bytes, split.Sha256, split.Rows, split.Header,
            columns ? split.Columns : null, columns ? split.NotUsed : null, columns ? split.Remarks : null)).ToList(),
        row.CreatedAt, row.ReadyAt, row.DeletedAt, $"/datasets/{Uri.EscapeDataString(row.Name ?? row.Id.ToString())}");
}

/// <summary>A split of a dataset.</summary>
/// <param name="Split">train, validation or test.</param>
/// <param name="File">Its file.</param>
/// <param name="Bytes">The size of the file.</param>
/// <param name="Sha256">The digest of the file.</param>
/// <param name="Rows">Its examples.</param>
/// <param name="Header">Whether the first line names the columns.</param>
/// <param name="Columns">Its columns, with what is in them.</param>
/// <param name="NotUsed">Columns that no task can read: lists, objects, dates and the like, what cannot be decoded, what is empty throughout, and an index without a name.</param>
/// <param name="Remarks">What a person should know about what the file holds, such as labels that differ in spelling alone.</param>
public sealed record SplitView(
    string Split, string File, long Bytes, string Sha256, int Rows, bool Header, IReadOnlyList<ColumnSummary>? Columns,
        IReadOnlyList<string>? NotUsed, IReadOnlyList<string>? Remarks);

/// <summary>A part of the datasets.</summary>
/// <param name="Items">Newest first, without their columns.</param>
/// <param name="Next">The cursor for the next part; absent at the end.</param>
public sealed record DatasetPage(IReadOnlyList<DatasetView> Items, string? Next);

/// <summary>The first rows of a split.</summary>
/// <param name="Split">train, validation or test.</param>
/// <param name="Columns">The names of the columns.</param>
/// <param name="Rows">The cells of the first rows, in the order of the columns.</param>
/// <param name="Total">How many rows the split has.</param>
public sealed record PreviewView(string Split, IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyList<string>> Rows, int Total);
