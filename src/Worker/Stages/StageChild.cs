using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.Extensions.Logging;

namespace LoraDrop.Worker;

/// <summary>How a child's stage ended.</summary>
/// <param name="Done">Whether the stage is done. If not, the process has ended.</param>
/// <param name="End">Its exit, and its last words; null if the stage is done.</param>
/// <param name="Failure">The failure that it reported.</param>
/// <param name="KernelKills">The kernel's count of processes killed for memory when the child started; null where there is no such
/// count.</param>
internal sealed record ChildOutcome(bool Done, ChildEnd? End, RunFailure? Failure, long? KernelKills);

/// <summary>Runs a stage in a child process, and writes down what it reports until it is done or the process ends.</summary>
internal sealed class StageChild(StageOutputs outputs, IObjectStore objects, Outages outages, WarmChildren warm, WorkerOptions options,
    TimeProvider clock, ILogger<StageChild> log)
{
    /// <summary>How often progress is written.</summary>
    private static readonly TimeSpan ProgressWrite = TimeSpan.FromSeconds(1);

    /// <summary>A native library that complains at every step must not fill the table.</summary>
    private const int MostLogEvents = 50;

    /// <summary>How long a child may take to save and end.</summary>
    public TimeSpan StopGrace => options.StopGrace;

    /// <summary>CPU threads of a child.</summary>
    public int Threads => options.Threads;

    /// <summary>Returns when the stage is done, or its child has ended, and its last reports are written.</summary>
    /// <exception cref="OperationCanceledException">Nothing may be written any more; the child is killed.</exception>
    public async Task<ChildOutcome> RunAsync(StageLease lease, ChildWork.RunStage work, string folder, StageDevice device, WarmFit fit,
        StageWatch watch, CancellationToken writing)
    {
        if (await warm.TakeAsync(device, fit) is { } waiting)
        {
            log.ChildGoesOn(waiting.Id);
            var (outcome, heard) = await ToItsEndAsync(waiting, () => waiting.Next(work, folder));
            // one that ended while it waited, because the kernel needed its memory, says nothing, and has touched nothing
            if (outcome.Done || heard || watch.Stop.IsCancellationRequested) return outcome;
        }
        var child = ChildProcess.Start(work, folder, options, device.Environment);
        log.ChildStarted(child.Id);
        return (await ToItsEndAsync(child, () => { })).Outcome;

        async Task<(ChildOutcome Outcome, bool Heard)> ToItsEndAsync(ChildProcess of, Action begin)
        {
            var keep = false;
            try
            {
                begin();
                var ended = await FollowAsync(lease, of, folder, watch, writing);
                keep = ended.Outcome.Done && !watch.Stop.IsCancellationRequested && warm.Keep(device, fit, of);
                return ended;
            }
            finally
            {
                if (!keep) of.Dispose(); // which kills it
            }
        }
    }

    /// <summary>Writes down what a child reports.</summary>
    /// <returns>How its stage ended, and whether it said anything of it.</returns>
    private async Task<(ChildOutcome Outcome, bool Heard)> FollowAsync(StageLease lease, ChildProcess child, string folder,
        StageWatch watch, CancellationToken writing)
    {
        var kernelKills = KernelKills.Count();
        var following = new StageFollower(lease, ChildWork.RunIn(folder), outputs, objects, outages, clock, log);
        await using var stop = watch.Stop.Register(child.Stop);
        var killAt = DateTimeOffset.MaxValue;
        var nextWrite = clock.GetUtcNow() + ProgressWrite;
        var lines = child.Lines;
        var news = new List<ChildLine>();
        bool done = false, heard = false;
        while (true)
        {
            var more = await WaitAsync(lines.WaitToReadAsync(CancellationToken.None).AsTask());
            news.Clear();
            while (lines.TryRead(out var line)) news.Add(line);
            (done, heard) = (news.Any(line => line.Done == true), heard || news.Count > 0);
            await following.TakeAsync(news, writing);
            while (following.LogEvents < MostLogEvents && child.Errors.TryRead(out var text)) await following.LogAsync(text, writing);
            var now = clock.GetUtcNow();
            if (now >= nextWrite)
            {
                nextWrite = now + ProgressWrite;
                await following.WriteAsync(writing);
            }
            writing.ThrowIfCancellationRequested(); // then the child is killed
            if (done) break;
            if (watch.Stop.IsCancellationRequested && killAt == DateTimeOffset.MaxValue) killAt = now + options.StopGrace;
            if (now >= killAt) child.Kill();
            if (!more) break;
        }
        var end = done ? null : await child.EndAsync(CancellationToken.None);
        await following.WriteAsync(writing);
        writing.ThrowIfCancellationRequested();
        if (end is not null) log.ChildEnded(end.ExitCode);
        return (new(done, end, following.Failure, kernelKills), heard);
    }

    /// <summary>True when there is something to read, or when it is time to look elsewhere; false at the end.</summary>
    private async Task<bool> WaitAsync(Task<bool> reading) =>
        await Task.WhenAny(reading, Task.Delay(StageWatch.Between, clock)) != reading || await reading;
}
