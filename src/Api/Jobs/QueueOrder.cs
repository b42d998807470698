using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Api;

/// <summary>Positions of queued stages, from a shared snapshot of the queue.</summary>
/// <remarks>
/// Counting the stages ahead of one scans half the queue; with 2,000 stages each read of a job cost the database 14 ms. A short queue is
/// read again for every request. The snapshot of a long one may be half a second old; a stage queued since then is placed behind those
/// ahead of it in the snapshot. Whether a stage is queued at all is never read from here.
/// </remarks>
internal sealed class QueueOrder
{
    /// <summary>The longest queue for which positions are always exact.</summary>
    private const int Short = 100;

    private static readonly TimeSpan MaxAge = TimeSpan.FromMilliseconds(500);

    private readonly IDbContextFactory<JobsContext> _contexts;
    private readonly TimeProvider _clock;
    private readonly BatchedReads<QueuePlace, int> _positions;
    private volatile Snapshot? _known;

    public QueueOrder(IDbContextFactory<JobsContext> contexts, TimeProvider clock)
    {
        (_contexts, _clock) = (contexts, clock);
        _positions = new(ReadAsync);
    }

    /// <summary>The position in the queue; 1 is next.</summary>
    public ValueTask<int> PositionAsync(QueuePlace place, CancellationToken cancel) =>
        _known is { Places.Length: > Short } known && _clock.GetElapsedTime(known.ReadAt) < known.Holds
            ? new(known.PositionOf(place))
            : new(_positions.ReadAsync(place, cancel));

    private async Task<IReadOnlyDictionary<QueuePlace, int>> ReadAsync(IReadOnlyCollection<QueuePlace> asked)
    {
        var began = _clock.GetTimestamp();
        await using var db = await _contexts.CreateDbContextAsync();
        var places = await db.Stages.Where(s => s.Status == JobStatus.Queued)
            .Select(s => new QueuePlace(s.Priority, s.Stage, s.QueuedAt!.Value, s.JobId)).ToArrayAsync();
        Array.Sort(places);
        var took = _clock.GetElapsedTime(began);
        // a very long queue must not keep the database busy
        var known = _known = new(places, began, took * 10 > MaxAge ? took * 10 : MaxAge);
        return asked.ToDictionary(place => place, known.PositionOf);
    }

    private sealed record Snapshot(QueuePlace[] Places, long ReadAt, TimeSpan Holds)
    {
        public int PositionOf(QueuePlace place)
        {
            var at = Array.BinarySearch(Places, place);
            return 1 + (at >= 0 ? at : ~at);
        }
    }
}

/// <summary>The order of queued stages: by priority, then started jobs first, then by waiting time.</summary>
internal readonly record struct QueuePlace(JobPriority Priority, Stage Stage, DateTimeOffset Since, Guid Job) : IComparable<QueuePlace>
{
    public int CompareTo(QueuePlace other)
    {
        if (Priority != other.Priority) return Priority.CompareTo(other.Priority);
        if (Stage != other.Stage) return other.Stage.CompareTo(Stage);
        return Since != other.Since ? Since.CompareTo(other.Since) : Job.CompareTo(other.Job);
    }
}
