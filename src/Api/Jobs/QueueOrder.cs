using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Api;

/// <summary>Where queued stages stand: the queue as it was read last, for all who ask.</summary>
/// <remarks>
/// To count those ahead of one stage is to walk through half the queue; with 2,000 in it each look at a job cost the database 14 ms. A short queue is read
/// anew for every answer. Of a long one the order may be half a second old, and a stage that came since then stands behind those ahead of it that
/// were there. Whether a stage is queued at all is never taken from here.
/// </remarks>
internal sealed class QueueOrder
{
    /// <summary>Stages in the queue up to which a position is always exact.</summary>
    private const int Short = 100;

    private static readonly TimeSpan MayLag = TimeSpan.FromMilliseconds(500);

    private readonly IDbContextFactory<JobsContext> _contexts;
    private readonly TimeProvider _clock;
    private readonly GatheredReads<QueuePlace, int> _positions;
    private volatile Known? _known;

    public QueueOrder(IDbContextFactory<JobsContext> contexts, TimeProvider clock)
    {
        (_contexts, _clock) = (contexts, clock);
        _positions = new(ReadAsync);
    }

    /// <summary>1 is taken next.</summary>
    public ValueTask<int> PositionAsync(QueuePlace place, CancellationToken cancel) =>
        _known is { Places.Length: > Short } known && _clock.GetElapsedTime(known.ReadAt) < known.Holds ? new(known.PositionOf(place)) : new(_positions.ReadAsync(place, cancel));

    private async Task<IReadOnlyDictionary<QueuePlace, int>> ReadAsync(IReadOnlyCollection<QueuePlace> asked)
    {
        var began = _clock.GetTimestamp();
        await using var db = await _contexts.CreateDbContextAsync();
        var places = await db.Stages.Where(s => s.Status == JobStatus.Queued).Select(s => new QueuePlace(s.Priority, s.Stage, s.QueuedAt!.Value, s.JobId)).ToArrayAsync();
        Array.Sort(places);
        var took = _clock.GetElapsedTime(began);
        var known = _known = new(places, began, took * 10 > MayLag ? took * 10 : MayLag); // a very long queue must not keep the database busy with nothing but this
        return asked.ToDictionary(place => place, known.PositionOf);
    }

    private sealed record Known(QueuePlace[] Places, long ReadAt, TimeSpan Holds)
    {
        public int PositionOf(QueuePlace place)
        {
            var at = Array.BinarySearch(Places, place);
            return 1 + (at >= 0 ? at : ~at);
        }
    }
}

/// <summary>What decides when a queued stage is taken: priority, then what is half done, then what waits longest.</summary>
internal readonly record struct QueuePlace(JobPriority Priority, Stage Stage, DateTimeOffset Since, Guid Job) : IComparable<QueuePlace>
{
    public int CompareTo(QueuePlace other)
    {
        if (Priority != other.Priority) return Priority.CompareTo(other.Priority);
        if (Stage != other.Stage) return other.Stage.CompareTo(Stage);
        return Since != other.Since ? Since.CompareTo(other.Since) : Job.CompareTo(other.Job);
    }
}
