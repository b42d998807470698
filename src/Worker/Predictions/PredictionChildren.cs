using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LoraDrop.Worker;

/// <summary>The children of predictions: as many as the worker has slots, each with the model of one job. Between two predictions a child
/// waits for <see cref="WorkerOptions.PredictionIdle"/>.</summary>
internal sealed class PredictionChildren : IDisposable
{
    private readonly Lock _gate = new();
    private readonly List<Waiting> _waiting = [];
    private readonly StageInputs _inputs;
    private readonly WorkFolders _folders;
    private readonly WorkerOptions _options;
    private readonly Queue<StageDevice> _devices;
    private readonly TimeProvider _clock;
    private readonly ILogger<PredictionChildren> _log;
    private readonly CancellationTokenRegistration _stopping;
    private bool _over;

    public PredictionChildren(StageInputs inputs, WorkFolders folders, WorkerOptions options, Machine machine, TimeProvider clock,
        IHostApplicationLifetime lifetime, ILogger<PredictionChildren> log)
    {
        (_inputs, _folders, _options, _clock, _log) = (inputs, folders, options, clock, log);
        // one for each child that there is room for
        _devices = new(Enumerable.Range(0, options.PredictionSlots).Select(slot => machine.Shared[slot % machine.Shared.Count]));
        _stopping = lifetime.ApplicationStopping.Register(() =>
        {
            lock (_gate) _over = true;
            End(_ => true);
        });
    }

    /// <summary>A child for a job: one that waits with its model, else a new one, before which the one that has waited longest ends if
    /// there is no room.</summary>
    /// <exception cref="InputChangedException">The model is read in place and has changed.</exception>
    public async Task<PredictionChild> TakeAsync(Guid job, CancellationToken cancel)
    {
        Waiting? taken;
        StageDevice device;
        lock (_gate)
        {
            taken = _waiting.LastOrDefault(waiting => waiting.Child.Job == job && waiting.Child.IsAlive)
                ?? (_devices.Count == 0 ? _waiting[0] : null);
            if (taken is not null) _waiting.Remove(taken);
            device = taken?.Child.Device ?? _devices.Dequeue();
        }
        if (taken is not null) await taken.Limit.DisposeAsync();
        if (taken?.Child is { } child && child.Job == job && child.IsAlive) return child;
        if (taken is not null) Dismiss(taken.Child);
        return await NewAsync(job, device, cancel);
    }

    /// <summary>Lets a child wait for the next prediction, or ends it.</summary>
    public void Return(PredictionChild child)
    {
        lock (_gate)
        {
            if (!_over && child.IsAlive && _options.PredictionIdle > TimeSpan.Zero)
            {
                _waiting.Add(new(child, _clock.CreateTimer(_ => End(waiting => waiting.Child == child), null, _options.PredictionIdle,
                    Timeout.InfiniteTimeSpan)));
                return;
            }
            _devices.Enqueue(child.Device);
        }
        Dismiss(child);
    }

    public void Dispose()
    {
        _stopping.Dispose();
        lock (_gate) _over = true;
        End(_ => true);
    }

    private async Task<PredictionChild> NewAsync(Guid id, StageDevice device, CancellationToken cancel)
    {
        var folder = Path.Combine(_folders.Work, $"predict-{id:N}-{Guid.NewGuid():N}");
        try
        {
            var job = await _inputs.JobAsync(id, cancel);
            var model = await _inputs.ModelAsync(job.Model, Path.Combine(folder, "model"), cancel);
            return new(id, folder, model, await _inputs.AdapterAsync(id, folder, cancel), device, _options, _clock);
        }
        catch
        {
            if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
            lock (_gate) _devices.Enqueue(device);
            throw;
        }
    }

    private void End(Func<Waiting, bool> which)
    {
        Waiting[] gone;
        lock (_gate)
        {
            gone = [.. _waiting.Where(which)];
            foreach (var waiting in gone)
            {
                _waiting.Remove(waiting);
                _devices.Enqueue(waiting.Child.Device);
            }
        }
        foreach (var waiting in gone)
        {
            waiting.Limit.Dispose();
            Dismiss(waiting.Child);
        }
    }

    private void Dismiss(PredictionChild child)
    {
        _log.ChildDismissed(child.Process);
        child.Dispose();
    }

    private sealed record Waiting(PredictionChild Child, ITimer Limit);
}
