using LoraDrop.Domain;
using LoraDrop.Storage;

namespace LoraDrop.Worker;

/// <summary>The outcome of a prediction in a child: the answers as JSON, or a failure.</summary>
internal sealed record PredictionOutcome(string? Result, Failure? Failure);

/// <summary>A child with a job's model and adapter, and the folder they lie in.</summary>
internal sealed class PredictionChild(Guid job, string folder, string model, string adapter, StageDevice device, WorkerOptions options,
    TimeProvider clock) : IDisposable
{
    /// <summary>How often pieces are handed on.</summary>
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(100);

    /// <summary>How long a child may take to stop a prediction, after which it is killed.</summary>
    private static readonly TimeSpan StopGrace = TimeSpan.FromSeconds(5);

    private ChildProcess? _child;
    private int _asked;

    public Guid Job => job;

    public StageDevice Device => device;

    /// <summary>The process; 0 before the first prediction.</summary>
    public int Process => _child?.Id ?? 0;

    /// <summary>Whether it can be asked again.</summary>
    public bool IsAlive => _child is { HasExited: false };

    /// <summary>Asks it, and hands pieces to the request meanwhile.</summary>
    /// <exception cref="OperationCanceledException">It is stopped, or nobody waits any more. The child lives if it stopped in
    /// time.</exception>
    public async Task<PredictionOutcome> AskAsync(PredictionLease lease, CancellationToken stop)
    {
        var wasWarm = IsAlive;
        var (outcome, heard) = await ToItsEndAsync(lease, stop);
        // one that ended while it waited, because the kernel needed its memory, says nothing
        return outcome.Failure is not null && wasWarm && !heard && !IsAlive ? (await ToItsEndAsync(lease, stop)).Outcome : outcome;
    }

    public void Dispose()
    {
        _child?.Dispose();
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
    }

    private async Task<(PredictionOutcome Outcome, bool Heard)> ToItsEndAsync(PredictionLease lease, CancellationToken stop)
    {
        var at = Path.Combine(folder, $"{++_asked}");
        var child = Begin(new(lease.Row.Request, model, adapter, device.Kind, options.Threads), at);
        try
        {
            return await FollowAsync(child, at, lease, stop);
        }
        catch (OperationCanceledException)
        {
            await StopAsync(child);
            throw;
        }
        catch
        {
            child.Kill(); // what it still says would be taken for the next answer
            throw;
        }
        finally
        {
            if (Directory.Exists(at)) Directory.Delete(at, recursive: true);
        }
    }

    private ChildProcess Begin(ChildWork.Predict work, string at)
    {
        if (_child is { HasExited: false } waiting)
        {
            waiting.Next(work, at);
            return waiting;
        }
        _child?.Dispose();
        return _child = ChildProcess.Start(work, at, options, device.Environment);
    }

    private async Task<(PredictionOutcome Outcome, bool Heard)> FollowAsync(ChildProcess child, string at, PredictionLease lease,
        CancellationToken stop)
    {
        var (kernelKills, number, heard, failure) = (KernelKills.Count(), 0, false, (Failure?)null);
        var renewed = clock.GetTimestamp();
        while (true)
        {
            var more = await WaitAsync(child.Lines.WaitToReadAsync(CancellationToken.None).AsTask());
            stop.ThrowIfCancellationRequested();
            var (pieces, done) = (new List<PredictedPiece>(), false);
            while (child.Lines.TryRead(out var line))
            {
                heard = true;
                if (line.Piece is { } piece) pieces.Add(piece);
                if (line.Failure is { } said) failure = new(said.Code, string.Join(" ", said.Faults.Select(f => f.Message)), said.Faults);
                done |= line.Done == true;
            }
            while (child.Errors.TryRead(out _)) { } // the last ones are kept for its end
            var waits = pieces.Count > 0 ? await lease.SayAsync(++number, pieces, stop)
                : clock.GetElapsedTime(renewed) < PredictionLeases.Renewal || await lease.RenewAsync(stop);
            if (done) return (new(failure is null ? await File.ReadAllTextAsync(ChildWork.FactsIn(at), stop) : null, failure), heard);
            if (!waits) throw new OperationCanceledException();
            if (clock.GetElapsedTime(renewed) >= PredictionLeases.Renewal || pieces.Count > 0) renewed = clock.GetTimestamp();
            if (more) continue;
            var end = await child.EndAsync(stop) with { LessMemory = "Send fewer or shorter inputs, or use a worker with more memory." };
            return (new(null, failure ?? end.Failure(KernelKills.Count() > kernelKills)), heard);
        }
    }

    /// <summary>Stops the prediction, so that the child can answer the next one; kills it if it does not stop.</summary>
    private async Task StopAsync(ChildProcess child)
    {
        child.Stop();
        using var limit = new CancellationTokenSource(StopGrace, clock);
        try
        {
            await foreach (var line in child.Lines.ReadAllAsync(limit.Token))
                if (line.Done == true) return;
        }
        catch (OperationCanceledException)
        {
            await child.KillAsync();
        }
    }

    private async Task<bool> WaitAsync(Task<bool> reading) =>
        await Task.WhenAny(reading, Task.Delay(Between, clock)) != reading || await reading;
}
