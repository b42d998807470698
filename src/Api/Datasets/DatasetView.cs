using LoraDrop.Domain;
using LoraDrop.Storage;

namespace LoraDrop.Api;

/// <summary>A dataset with its status and splits.</summary>
/// <param name="Id">Unique id.</param>
/// <param name="Name">The registered name; absent if a job referred to it by source, or after deletion.</param>
/// <param name="FormerName">The name it had before deletion.</param>
/// <param name="Owner">The owner; absent if shared with everyone.</param>
/// <param name="Source"><c>upload</c>, <c>hf:…</c>, <c>file:…</c> or <c>s3://…</c></param>
/// <param name="Commit">The fetched commit of the hub repository.</param>
/// <param name="Status">preparing, ready or failed.</param>
/// <param name="Error">Why it failed; each fault gives file, row and column.</param>
/// <param name="Fetch">Download progress; absent unless it is being fetched.</param>
/// <param name="Sha256">SHA-256 digest over all splits; absent until ready.</param>
/// <param name="Splits">The splits; absent until ready. Lists omit their columns.</param>
/// <param name="CreatedAt">When the dataset was created.</param>
/// <param name="ReadyAt">When it became ready.</param>
/// <param name="DeletedAt">When it was deleted; ended jobs still refer to it.</param>
/// <param name="Href">Path of this resource.</param>
public sealed record DatasetView(
    Guid Id, string? Name, string? FormerName, string? Owner, string Source, string? Commit, InputStatus Status, FailureView? Error,
    FetchView? Fetch, string? Sha256,
    IReadOnlyList<SplitView>? Splits, DateTimeOffset CreatedAt, DateTimeOffset? ReadyAt, DateTimeOffset? DeletedAt, string Href)
{
    internal static DatasetView Of(DatasetRow row, bool columns) => new(
        row.Id, row.Name, row.FormerName, Views.Owner(row.Owner), row.Source, row.Commit, row.Status, JobReading.FailureOf(row.Failure),
        FetchView.Of(row.Status, row.Fetched, row.FetchTotal), row.Sha256,
        row.Facts?.Splits.Select(split => new SplitView(split.Split, split.File, split.Bytes, split.Sha256, split.Rows, split.Header,
            columns ? split.Columns : null, columns ? split.NotUsed : null, columns ? split.Remarks : null)).ToList(),
        row.CreatedAt, row.ReadyAt, row.DeletedAt, $"/datasets/{Uri.EscapeDataString(row.Name ?? row.Id.ToString())}");
}

/// <summary>A split of a dataset.</summary>
/// <param name="Split">train, validation or test.</param>
/// <param name="File">File name.</param>
/// <param name="Bytes">File size in bytes.</param>
/// <param name="Sha256">SHA-256 digest of the file.</param>
/// <param name="Rows">Number of examples.</param>
/// <param name="Header">Whether the first line names the columns.</param>
/// <param name="Columns">The columns and a summary of their values.</param>
/// <param name="NotUsed">Columns that no task can read: lists, objects, dates, undecodable or empty columns, and an unnamed index.</param>
/// <param name="Remarks">Notes on the file, such as labels that differ only in spelling.</param>
public sealed record SplitView(
    string Split, string File, long Bytes, string Sha256, int Rows, bool Header, IReadOnlyList<ColumnSummary>? Columns,
        IReadOnlyList<string>? NotUsed, IReadOnlyList<string>? Remarks);

/// <summary>A page of datasets.</summary>
/// <param name="Items">Newest first, without columns.</param>
/// <param name="Next">Cursor of the next page; absent on the last page.</param>
public sealed record DatasetPage(IReadOnlyList<DatasetView> Items, string? Next);

/// <summary>The first rows of a split.</summary>
/// <param name="Split">train, validation or test.</param>
/// <param name="Columns">Column names.</param>
/// <param name="Rows">The first rows, with cells in column order.</param>
/// <param name="Total">Number of rows in the split.</param>
public sealed record PreviewView(string Split, IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyList<string>> Rows, int Total);
