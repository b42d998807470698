using LoraDrop.Domain;
using LoraDrop.Storage;

namespace LoraDrop.Worker;

/// <summary>A worker's devices, labels and memory.</summary>
public sealed class Machine
{
    private Machine(WorkerOptions options, IReadOnlyList<Gpu> gpus)
    {
        StageDevice[] devices = gpus.Count > 0
            ? [.. gpus.Select(gpu => StageDevice.Gpu(gpu.Index))]
            : [.. Enumerable.Repeat(StageDevice.Cpu, options.Slots)];
        Shared = devices;
        (Devices, Slots, Device, Name) = (new(devices), devices.Length, options.Device, gpus.Count > 0
            ? string.Join(", ", gpus.Select(gpu => gpu.Name).Distinct())
            : options.Device);
        Memory = options.MemoryGiB is { } configured ? (long)(configured * (1L << 30)) : gpus.Count > 0
            ? gpus.Min(gpu => gpu.Memory)
            : GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        var labels = new Dictionary<string, string>(options.Labels);
        labels.TryAdd("device", options.Device);
        if (gpus.Count > 0) labels.TryAdd("gpu", gpus[0].Name);
        Labels = labels;
    }

    /// <summary>Number of stages to run concurrently.</summary>
    public int Slots { get; }

    /// <summary>cpu or cuda.</summary>
    public string Device { get; }

    /// <summary>The GPUs' names, or cpu.</summary>
    public string Name { get; }

    /// <summary>The configured labels, plus <c>device</c> and <c>gpu</c> unless configured.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; }

    /// <summary>Memory available to one stage in bytes: that of the smallest GPU, or of the machine within the container's limit.</summary>
    public long Memory { get; }

    internal DevicePool Devices { get; }

    /// <summary>The same devices, for predictions, which share them with stages.</summary>
    internal IReadOnlyList<StageDevice> Shared { get; }

    /// <summary>What a worker on this machine can take up.</summary>
    internal WorkerAbility AbilityOf(WorkerIdentity worker) =>
        new(worker.Id, WorkerDemand.SelectorsOf(Labels), Memory, OnCpu: Device == "cpu");

    /// <summary>Detects the machine's devices.</summary>
    /// <exception cref="RefusedInputException">The device is cuda, but there is none.</exception>
    public static async Task<Machine> DetectAsync(WorkerOptions options, CancellationToken cancel)
    {
        if (options.Device == "cpu") return new(options, []);
        var (gpus, missing) = await Gpu.DetectAsync(cancel);
        return missing is null
            ? new(options, gpus)
            : throw new RefusedInputException(SettingName.Of("Worker:Device"), $"{options.Device} cannot be used: {missing}");
    }
}
