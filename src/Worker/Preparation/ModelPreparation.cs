using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Worker;

/// <summary>Prepares a model: fetches it from the hub or a bucket if necessary, and inspects it.</summary>
internal sealed class ModelPreparation(Preparing preparing, Inspection inspection, HubClient hub, BucketClient buckets, TimeProvider clock)
{
    public Task RunAsync(Guid id) => preparing.RunAsync<ModelRow, ModelSummary>("model", id, PrepareAsync, SaveAsync);

    private async Task<Prepared<ModelSummary>> PrepareAsync(ModelRow row, string folder, CancellationToken cancel)
    {
        var (place, commit, files) = (folder, (string?)null, (IReadOnlyList<string>)[]);
        switch (Source.Parse(row.Source, "model", []))
        {
            case Source.LocalPath(var inPlace):
                place = inPlace;
                break;
            case Source.Hub onHub:
                var snapshot = await hub.FetchModelAsync(onHub, folder, "model", preparing.Progress<ModelRow>(row.Id), cancel);
                (commit, files) = (snapshot.Commit, [.. snapshot.Files.Select(f => f.Name)]);
                break;
            case Source.S3 inBucket:
                files = await buckets.FetchModelAsync(inBucket, folder, preparing.Progress<ModelRow>(row.Id), cancel);
                break;
        }
        var (facts, failure) = await inspection.ModelAsync(place, cancel);
        return facts is null ? new(failure!) : new(facts, null, await preparing.StoreAsync(row, folder, "models", files, cancel), commit);
    }

    private async Task SaveAsync(IQueryable<ModelRow> rows, Prepared<ModelSummary> prepared, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        await rows.ExecuteUpdateAsync(set => set.SetProperty(m => m.Status, prepared.Status).SetProperty(m => m.Facts, prepared.Facts)
            .SetProperty(m => m.Failure, prepared.Failure).SetProperty(m => m.LeaseUntil, (DateTimeOffset?)null)
            .SetProperty(m => m.Files, prepared.Files.ToList()).SetProperty(m => m.Commit, prepared.Commit).SetProperty(m => m.ReadyAt, now)
            .SetProperty(m => m.Version, m => m.Version + 1), cancel);
    }
}
