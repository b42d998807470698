using System.Diagnostics.Metrics;
using LoraDrop.Hosting;
using LoraDrop.Storage;

namespace LoraDrop.Worker;

/// <summary>Metrics of this worker's slots and GPUs. nvidia-smi is queried on scrape, and its output is cached for a few seconds.</summary>
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
        meter.CreateObservableGauge("loradrop.worker.busy_slots", () => (long)(machine.Slots - machine.Devices.Free),
            description: "Stages this worker is running.");
        if (machine.Device == "cpu") return;
        Gauge(meter, "loradrop.gpu.utilization_ratio", null, "Fraction of time the GPU was busy.", gpu => gpu.Utilization);
        Gauge(meter, "loradrop.gpu.memory_used", "By", "Used GPU memory, by any process.", gpu => gpu.MemoryUsed);
        Gauge(meter, "loradrop.gpu.memory_total", "By", "Total GPU memory.", gpu => gpu.Memory);
        Gauge(meter, "loradrop.gpu.temperature", "Cel", "GPU temperature.", gpu => gpu.Celsius);
        Gauge(meter, "loradrop.gpu.power", "W", "GPU power draw.", gpu => gpu.Watts);
    }

    public async Task RefreshAsync(CancellationToken cancel)
    {
        if (_machine.Device == "cpu") return;
        await _looking.WaitAsync(cancel);
        try
        {
            if (_lookedAt is { } at && _clock.GetElapsedTime(at) < Holds) return;
            _gpus = await GpuLoad.ReadAsync(cancel); // readiness reports a missing GPU
            _lookedAt = _clock.GetTimestamp();
        }
        finally
        {
            _looking.Release();
        }
    }

    public void Dispose() => _looking.Dispose();

    /// <summary>Registers a gauge; values a GPU does not report (a MIG slice reports no utilization) are omitted.</summary>
    private void Gauge(Meter meter, string name, string? unit, string description, Func<GpuLoad, double?> of) =>
        meter.CreateObservableGauge(name, () =>
        _gpus.Where(gpu => of(gpu) is not null)
            .Select(gpu => new Measurement<double>(of(gpu)!.Value, new("gpu", $"{gpu.Index}"), new("name", gpu.Name))), unit, description);
}
