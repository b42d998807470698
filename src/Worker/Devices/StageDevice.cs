namespace LoraDrop.Worker;

/// <summary>The device of a stage.</summary>
/// <param name="Kind">torch's name: <c>cpu</c>, or <c>cuda</c> for the one GPU visible to the process.</param>
/// <param name="Environment">Environment variables of the process.</param>
internal sealed record StageDevice(string Kind, IReadOnlyDictionary<string, string> Environment)
{
    public static StageDevice Cpu { get; } = new("cpu", new Dictionary<string, string>());

    public static StageDevice Gpu(int index) =>
        new("cuda", new Dictionary<string, string> { ["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID", ["CUDA_VISIBLE_DEVICES"] = $"{index}" });
}

/// <summary>The devices of this worker, each used by one stage at a time.</summary>
internal sealed class DevicePool(IEnumerable<StageDevice> devices)
{
    private readonly Lock _gate = new();
    private readonly Stack<StageDevice> _free = new(devices.Reverse());

    public bool AnyFree => Free > 0;

    public int Free
    {
        get
        {
            lock (_gate) return _free.Count;
        }
    }

    public bool TryTake(out StageDevice device)
    {
        lock (_gate) return _free.TryPop(out device!);
    }

    public void Return(StageDevice device)
    {
        lock (_gate) _free.Push(device);
    }
}
