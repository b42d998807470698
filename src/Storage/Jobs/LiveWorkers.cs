using LoraDrop.Domain;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Storage;

/// <summary>The workers with a heartbeat within the length of a lease, and the jobs they could run.</summary>
public sealed class LiveWorkers(JobsContext db, LeaseOptions leases, TimeProvider clock)
{
    /// <summary>Lists them by their start time.</summary>
    public async Task<IReadOnlyList<WorkerRow>> AllAsync(CancellationToken cancel)
    {
        var since = clock.GetUtcNow() - leases.Length;
        return await db.Workers.AsNoTracking().Where(w => w.HeartbeatAt >= since).OrderBy(w => w.StartedAt).ToListAsync(cancel);
    }

    /// <summary>Returns a fault if no live worker has enough memory for the job; null if one has, or if that is unknown.</summary>
    public async Task<Fault?> RefusalAsync(JobRequest request, ModelSummary? model, DatasetSummary? data, CancellationToken cancel) =>
        model is null || data is null ? null : Refusal(await AllAsync(cancel), request, model, data);

    /// <summary>As <see cref="RefusalAsync"/>, for workers that are already loaded.</summary>
    /// <remarks>Null if there is no live or suitable worker: one may still be started. A GPU needs less than the estimate, so it never
    /// refuses.</remarks>
    public static Fault? Refusal(IReadOnlyList<WorkerRow> live, JobRequest request, ModelSummary? model, DatasetSummary? data)
    {
        if (model is null || data is null) return null;
        var suited = live.Where(w => w.Memory >= request.Worker.MemoryBytes
            && request.Worker.Labels.All(label => w.Labels.GetValueOrDefault(label.Key) == label.Value)).ToList();
        if (suited.Count == 0 || suited.Any(w => w.Device != "cpu")) return null;
        var (need, largest) = (MemoryEstimate.OfJob(request, model, data), suited.Max(w => w.Memory));
        return need > largest ? MemoryEstimate.Refusal(need, largest) : null;
    }
}
