using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.Extensions.Logging;

namespace LoraDrop.Worker;

/// <summary>The end of a child process.</summary>
/// <param name="End">Its exit, and its last words.</param>
/// <param name="Failure">The failure that it reported.</param>
/// <param name="KernelKills">The kernel's count of processes killed for memory when the child started; null where there is no such
/// count.</param>
internal sealed record ChildOutcome(ChildEnd End, RunFailure? Failure, long? KernelKills);

/// <summary>Runs a stage's child process, and writes down what it reports until it ends.</summary>
internal sealed class StageChild(StageOutputs outputs, IObjectStore objects, Outages outages, WorkerOptions options, TimeProvider clock,
    ILogger<StageChild> log)
{
    /// <summary>How often progress is written.</summary>
    private static readonly TimeSpan ProgressWrite = TimeSpan.FromSeconds(1);

    /// <summary>A native library that complains at every step must not fill the table.</summary>
    private const int MostLogEvents = 50;

    /// <summary>How long a child may take to save and end.</summary>
    public TimeSpan StopGrace => options.StopGrace;

    /// <summary>CPU threads of a child.</summary>
    public int Threads => options.Threads;

    /// <summary>Returns when the child has ended and its last reports are written.</summary>
    /// <exception cref="OperationCanceledException">Nothing may be written any more; the child is killed.</exception>
    public async Task<ChildOutcome> RunAsync(StageLease lease, ChildWork.RunStage work, string folder, StageDevice device, StageWatch watch,
        CancellationToken writing)
    {
        var kernelKills = KernelKills.Count();
        using var child = ChildProcess.Start(work, folder, options, device.Environment);
        log.ChildStarted(child.Id);
        var following = new StageFollower(lease, ChildWork.RunIn(folder), outputs, objects, outages, clock, log);
        await using var stop = watch.Stop.Register(child.Stop);
        var killAt = DateTimeOffset.MaxValue;
        var nextWrite = clock.GetUtcNow() + ProgressWrite;
        var lines = child.Lines;
        var waiting = new List<ChildLine>();
        while (true)
        {
            var more = await WaitAsync(lines.WaitToReadAsync(CancellationToken.None).AsTask());
            waiting.Clear();
            while (lines.TryRead(out var line)) waiting.Add(line);
            await following.TakeAsync(waiting, writing);
            while (following.LogEvents < MostLogEvents && child.Errors.TryRead(out var text)) await following.LogAsync(text, writing);
            var now = clock.GetUtcNow();
            if (now >= nextWrite)
            {
                nextWrite = now + ProgressWrite;
                await following.WriteAsync(writing);
            }
            writing.ThrowIfCancellationRequested(); // disposing ends the child
            if (watch.Stop.IsCancellationRequested && killAt == DateTimeOffset.MaxValue) killAt = now + options.StopGrace;
            if (now >= killAt) child.Kill();
            if (!more) break;
        }
        var end = await child.EndAsync(CancellationToken.None);
        await following.WriteAsync(writing);
        writing.ThrowIfCancellationRequested();
        log.ChildEnded(end.ExitCode);
        return new(end, following.Failure, kernelKills);
    }

    /// <summary>True when there is something to read, or when it is time to look elsewhere; false at the end.</summary>
    private async Task<bool> WaitAsync(Task<bool> reading) =>
        await Task.WhenAny(reading, Task.Delay(StageWatch.Between, clock)) != reading || await reading;
}
