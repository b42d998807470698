using LoraDrop.Hosting;

namespace LoraDrop.Worker;

/// <summary>Whether this worker can work: database, objects, and its device.</summary>
internal sealed class WorkerReadiness(WorkerOptions options, ReadyChecks ready)
{
    public async Task<IReadOnlyDictionary<string, string>> CheckAsync(CancellationToken cancel)
    {
        var (storage, device) = (ready.RunAsync(cancel), options.Device == "cpu" ? Task.FromResult<(IReadOnlyList<Gpu>, string? Missing)>(([], null)) : Gpu.LookAsync(cancel));
        return new Dictionary<string, string>(await storage) { ["device"] = (await device).Missing is { } missing ? $"failed: {missing}" : ReadyChecks.Ok };
    }
}
