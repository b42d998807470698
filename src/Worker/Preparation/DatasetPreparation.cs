using System.Security.Cryptography;
using System.Text;
using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Worker;

/// <summary>Prepares a dataset: fetches it from the hub or a bucket if necessary, and validates every row.</summary>
internal sealed class DatasetPreparation(IObjectStore objects, Outages outages, Preparing preparing, Inspection inspection, HubClient hub,
    BucketClient buckets, TimeProvider clock)
{
    public Task RunAsync(Guid id) => preparing.RunAsync<DatasetRow, DatasetSummary>("dataset", id, PrepareAsync, SaveAsync);

    private async Task<Prepared<DatasetSummary>> PrepareAsync(DatasetRow row, string folder, CancellationToken cancel)
    {
        switch (Source.Parse(row.Source, "dataset", []))
        {
            case Source.LocalPath(var inPlace):
                var (local, wrong) = await inspection.DatasetAsync(DataFiles.At(inPlace), cancel);
                return local is null ? new(wrong!) : new(local, null, InPlace(DataFiles.At(inPlace), local));
            case Source.Hub onHub:
                var snapshot = await hub.FetchDatasetAsync(onHub, row.Preset, folder, "dataset", preparing.Progress<DatasetRow>(row.Id),
                    cancel);
                var (fetched, refused) = await inspection.DatasetAsync(DataFiles.At(folder), cancel);
                return fetched is null
                    ? new(refused!)
                    : new(fetched, null, await preparing.StoreAsync(row, folder, "datasets", snapshot.Files.Select(f => f.Name), cancel),
                    snapshot.Commit);
            case Source.S3 inBucket:
                var names = await buckets.FetchDatasetAsync(inBucket, folder, preparing.Progress<DatasetRow>(row.Id), cancel);
                var (read, unread) = await inspection.DatasetAsync(DataFiles.At(folder), cancel);
                return read is null ? new(unread!) : new(read, null, await preparing.StoreAsync(row, folder, "datasets", names, cancel));
            default:
                foreach (var file in row.Files)
                    await outages.WaitOutAsync(() => objects.FetchAsync(file.Key, Path.Combine(folder, file.Name), cancel), cancel);
                var (uploaded, failure) = await inspection.DatasetAsync(DataFiles.At(folder), cancel);
                return new(uploaded, failure, row.Files);
        }
    }

    /// <summary>The files of a dataset read in place, whose keys are their paths.</summary>
    private static List<StoredFile> InPlace(DataFiles files, DatasetSummary facts)
    {
        var paths = new Dictionary<string, string?> { ["train"] = files.Train, ["validation"] = files.Validation, ["test"] = files.Test };
        return [.. facts.Splits.Select(split => new StoredFile(split.Split + DataFormat.Of(paths[split.Split]!),
            Path.GetFullPath(paths[split.Split]!), split.Bytes, split.Sha256))];
    }

    private async Task SaveAsync(IQueryable<DatasetRow> rows, Prepared<DatasetSummary> prepared, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        var sha256 = prepared.Facts is null ? null : Digest(prepared.Files);
        await rows.ExecuteUpdateAsync(set =>
        {
            set.SetProperty(d => d.Status, prepared.Status).SetProperty(d => d.Facts, prepared.Facts)
                .SetProperty(d => d.Failure, prepared.Failure).SetProperty(d => d.LeaseUntil, (DateTimeOffset?)null)
                .SetProperty(d => d.Sha256, sha256).SetProperty(d => d.Commit, prepared.Commit).SetProperty(d => d.ReadyAt, now)
                .SetProperty(d => d.Version, d => d.Version + 1);
            // uploaded files are kept even if they are invalid
            if (prepared.Facts is not null) set.SetProperty(d => d.Files, prepared.Files.ToList());
        }, cancel);
    }

    /// <summary>The digest of the dataset: over its splits' digests and names in sha256sum's format.</summary>
    private static string Digest(IEnumerable<StoredFile> files) =>
        Convert.ToHexStringLower(
            SHA256.HashData(Encoding.UTF8.GetBytes(
            string.Concat(files.OrderBy(f => f.Name, StringComparer.Ordinal).Select(f => $"{f.Sha256}  {f.Name}\n")))));
}
