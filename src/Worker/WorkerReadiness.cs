using LoraDrop.Hosting;

namespace LoraDrop.Worker;

/// <summary>Checks the readiness of this worker: database, object store and device.</summary>
internal sealed class WorkerReadiness(WorkerOptions options, ReadyChecks ready)
{
    public async Task<IReadOnlyDictionary<string, string>> CheckAsync(CancellationToken cancel)
    {
        var (storage, device) = (ready.RunAsync(cancel), options.Device == "cpu"
            ? Task.FromResult<(IReadOnlyList<Gpu>, string? Missing)>(([], null))
            : Gpu.DetectAsync(cancel));
        return new Dictionary<string, string>(await storage) { ["device"] = (await device).Missing is { } missing
            ? $"failed: {missing}"
            : ReadyChecks.Ok };
    }
}
