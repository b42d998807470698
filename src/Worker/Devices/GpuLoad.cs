using System.Globalization;

namespace LoraDrop.Worker;

/// <summary>The load of a GPU as reported by its driver; null for values it does not report.</summary>
/// <param name="Index">Index in PCI bus order.</param>
/// <param name="Name">Name, such as <c>NVIDIA H100 80GB HBM3</c>.</param>
/// <param name="Utilization">Fraction of recent time the GPU was busy, 0 to 1.</param>
/// <param name="MemoryUsed">Used memory in bytes.</param>
/// <param name="Memory">Total memory in bytes.</param>
/// <param name="Celsius">Temperature.</param>
/// <param name="Watts">Power draw.</param>
internal sealed record GpuLoad(int Index, string Name, double? Utilization, double? MemoryUsed, double? Memory, double? Celsius,
    double? Watts)
{
    /// <summary>Queries nvidia-smi; empty if it fails.</summary>
    public static async Task<IReadOnlyList<GpuLoad>> ReadAsync(CancellationToken cancel) =>
        await Gpu.QueryAsync("index,name,utilization.gpu,memory.used,memory.total,temperature.gpu,power.draw", cancel) is (var answer, null)
            ? [.. Parse(answer)]
            : [];

    /// <summary>Lines such as <c>0, NVIDIA H100 80GB HBM3, 97, 61034, 81559, 61, 512.34</c>: percent, MiB, degrees, watts. Unknown values
    /// are <c>[N/A]</c>.</summary>
    internal static IEnumerable<GpuLoad> Parse(string answer)
    {
        foreach (var line in answer.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            if (line.Split(',', StringSplitOptions.TrimEntries) is [var index, .. var name, var use, var used, var total, var heat,
                var power] && int.TryParse(index, CultureInfo.InvariantCulture, out var number))
                yield return new(number, string.Join(", ", name), Number(use) / 100, Number(used) * (1 << 20), Number(total) * (1 << 20),
                    Number(heat), Number(power));
    }

    private static double? Number(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : null;
}
