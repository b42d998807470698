using System.Diagnostics.Metrics;
using LoraDrop.Hosting;
using LoraDrop.Storage;

namespace LoraDrop.Worker;

/// <summary>How busy this worker's devices are: its slots, and its GPUs as nvidia-smi has them, looked up for a scrape and kept for some seconds.</summary>
internal sealed class DeviceGauges : IScraped, IDisposable
{
    private static readonly TimeSpan Holds = TimeSpan.FromSeconds(5);

    private readonly Machine _machine;
    private readonly TimeProvider _clock;
    private readonly SemaphoreSlim _looking = new(1);
    private volatile IReadOnlyList<GpuLoad> _gpus = [];
    private long? _lookedAt;

    public DeviceGauges(Machine machine, IMeterFactory meters, TimeProvider clock)
    {
        (_machine, _clock) = (machine, clock);
        WorkerMetrics.Show();
        var meter = meters.Create(ServiceMeter.Name);
        meter.CreateObservableGauge("loradrop.worker.busy_slots", () => (long)(machine.Slots - machine.Devices.Free), description: "Stages that this worker runs.");
        if (machine.Device == "cpu") return;
        Gauge(meter, "loradrop.gpu.utilization_ratio", null, "Share of the time in which the GPU computed.", gpu => gpu.Utilization);
        Gauge(meter, "loradrop.gpu.memory_used", "By", "Memory of the GPU that is taken, by whomever.", gpu => gpu.MemoryUsed);
        Gauge(meter, "loradrop.gpu.memory_total", "By", "Memory of the GPU.", gpu => gpu.Memory);
        Gauge(meter, "loradrop.gpu.temperature", "Cel", "Temperature of the GPU.", gpu => gpu.Celsius);
        Gauge(meter, "loradrop.gpu.power", "W", "Power that the GPU draws.", gpu => gpu.Watts);
    }

    public async Task RefreshAsync(CancellationToken cancel)
    {
        if (_machine.Device == "cpu") return;
        await _looking.WaitAsync(cancel);
        try
        {
            if (_lookedAt is { } at && _clock.GetElapsedTime(at) < Holds) return;
            _gpus = await GpuLoad.LookAsync(cancel); // that there is none, readiness says
            _lookedAt = _clock.GetTimestamp();
        }
        finally
        {
            _looking.Release();
        }
    }

    public void Dispose() => _looking.Dispose();

    /// <summary>What a GPU does not tell (a part of one tells no use) is not told.</summary>
    private void Gauge(Meter meter, string name, string? unit, string description, Func<GpuLoad, double?> of) => meter.CreateObservableGauge(name, () =>
        _gpus.Where(gpu => of(gpu) is not null).Select(gpu => new Measurement<double>(of(gpu)!.Value, new("gpu", $"{gpu.Index}"), new("name", gpu.Name))), unit, description);
}
