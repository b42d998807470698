using LoraDrop.Domain;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Storage;

/// <summary>The workers that were heard of within the length of a lease, and what they could run.</summary>
public sealed class LiveWorkers(JobsContext db, LeaseOptions leases, TimeProvider clock)
{
    /// <summary>By the time of their start.</summary>
    public async Task<IReadOnlyList<WorkerRow>> AllAsync(CancellationToken cancel)
    {
        var since = clock.GetUtcNow() - leases.Length;
        return await db.Workers.AsNoTracking().Where(w => w.HeartbeatAt >= since).OrderBy(w => w.StartedAt).ToListAsync(cancel);
    }

    /// <summary>What is wrong with a job that none of them has the memory for; null where one has, or nobody can tell.</summary>
    public async Task<Fault?> RefusalAsync(JobRequest request, ModelSummary? model, DatasetSummary? data, CancellationToken cancel) =>
        model is null || data is null ? null : Refusal(await AllAsync(cancel), request, model, data);

    /// <summary>As <see cref="RefusalAsync"/>, of workers that are known already.</summary>
    /// <remarks>Where no worker lives, or none that suits, one may be started yet. A GPU takes less than the estimate, so that it never
    /// refuses.</remarks>
    public static Fault? Refusal(IReadOnlyList<WorkerRow> living, JobRequest request, ModelSummary? model, DatasetSummary? data)
    {
        if (model is null || data is null) return null;
        var suited = living.Where(w => w.Memory >= request.Worker.MemoryBytes
            && request.Worker.Labels.All(label => w.Labels.GetValueOrDefault(label.Key) == label.Value)).ToList();
        if (suited.Count == 0 || suited.Any(w => w.Device != "cpu")) return null;
        var (need, largest) = (MemoryEstimate.OfJob(request, model, data), suited.Max(w => w.Memory));
        return need > largest ? MemoryEstimate.Refusal(need, largest) : null;
    }
}
