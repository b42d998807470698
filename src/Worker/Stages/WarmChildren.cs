using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LoraDrop.Worker;

/// <summary>What two stages must have in common for one child to do both: the child keeps the model, and nobody shares a process with
/// another owner.</summary>
/// <param name="Owner">The owner of the job.</param>
/// <param name="Model">The digest of the model.</param>
/// <param name="Weights">The format of its matrices; null: the device's default.</param>
/// <param name="Generates">Whether the model has its output layer.</param>
internal sealed record WarmFit(string Owner, string Model, WeightKind? Weights, bool Generates)
{
    public static WarmFit Of(JobRow job) =>
        new(job.Owner, job.Model.Facts!.Sha256, job.Request.Training.Weights, job.Request.Task.Kind == TaskKind.Generation);
}

/// <summary>Children that have ended a stage well, and wait a short while for one that fits
/// (<see cref="WorkerOptions.WarmFor"/>).</summary>
/// <remarks>A device has no more children than stages at a time: one that starts takes a waiting child that fits, or ends all that wait on
/// its device, so that they keep no memory from it.</remarks>
internal sealed class WarmChildren : IDisposable
{
    private readonly Lock _gate = new();
    private readonly List<Waiting> _waiting = [];
    private readonly WorkerOptions _options;
    private readonly TimeProvider _clock;
    private readonly ILogger<WarmChildren> _log;
    private readonly CancellationTokenRegistration _stopping;
    private bool _over;

    public WarmChildren(WorkerOptions options, TimeProvider clock, IHostApplicationLifetime lifetime, ILogger<WarmChildren> log)
    {
        (_options, _clock, _log) = (options, clock, log);
        _stopping = lifetime.ApplicationStopping.Register(EndAll);
    }

    /// <summary>A child that waits on the device and fits; null where a new one is needed, for which there is room then.</summary>
    /// <param name="device">The device.</param>
    /// <param name="fit">What the next work needs; null: no child that waits fits.</param>
    public async Task<ChildProcess?> TakeAsync(StageDevice device, WarmFit? fit)
    {
        Waiting? fits;
        Waiting[] gone;
        lock (_gate)
        {
            fits = _waiting.LastOrDefault(waiting => waiting.Device == device && waiting.Fit == fit && !waiting.Child.HasExited);
            gone = [.. _waiting.Where(waiting => fits is null ? waiting.Device == device : waiting == fits)];
            foreach (var waiting in gone) _waiting.Remove(waiting);
        }
        foreach (var waiting in gone) await waiting.Limit.DisposeAsync();
        if (fits is not null) return fits.Child;
        foreach (var waiting in gone)
        {
            _log.ChildDismissed(waiting.Child.Id);
            await waiting.Child.KillAsync();
            waiting.Child.Dispose();
        }
        return null;
    }

    /// <summary>Lets a child wait.</summary>
    /// <returns>Whether it may: if not, the caller ends it.</returns>
    public bool Keep(StageDevice device, WarmFit fit, ChildProcess child)
    {
        lock (_gate)
        {
            if (_over || _options.WarmFor <= TimeSpan.Zero) return false;
            var limit = _clock.CreateTimer(_ => EndIdle(child), null, _options.WarmFor, Timeout.InfiniteTimeSpan);
            _waiting.Add(new(device, fit, child, limit));
            return true;
        }
    }

    public void Dispose()
    {
        _stopping.Dispose();
        EndAll();
    }

    private void EndIdle(ChildProcess child) => End(waiting => waiting.Child == child);

    private void EndAll()
    {
        lock (_gate) _over = true;
        End(_ => true);
    }

    private void End(Func<Waiting, bool> which)
    {
        Waiting[] gone;
        lock (_gate)
        {
            gone = [.. _waiting.Where(which)];
            foreach (var waiting in gone) _waiting.Remove(waiting);
        }
        foreach (var waiting in gone)
        {
            _log.ChildDismissed(waiting.Child.Id);
            waiting.Limit.Dispose();
            waiting.Child.Dispose();
        }
    }

    private sealed record Waiting(StageDevice Device, WarmFit Fit, ChildProcess Child, ITimer Limit);
}
