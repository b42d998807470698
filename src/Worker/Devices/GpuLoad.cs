using System.Globalization;

namespace LoraDrop.Worker;

/// <summary>How busy a GPU is, as its driver tells; null where it does not.</summary>
/// <param name="Index">Its number in the order of the bus.</param>
/// <param name="Name">Such as <c>NVIDIA H100 80GB HBM3</c>.</param>
/// <param name="Utilization">Share of the last moments in which it computed, 0 to 1.</param>
/// <param name="MemoryUsed">Bytes.</param>
/// <param name="Memory">Bytes.</param>
/// <param name="Celsius">Its temperature.</param>
/// <param name="Watts">What it draws.</param>
internal sealed record GpuLoad(int Index, string Name, double? Utilization, double? MemoryUsed, double? Memory, double? Celsius, double? Watts)
{
    /// <summary>Asks nvidia-smi; nothing where it does not answer.</summary>
    public static async Task<IReadOnlyList<GpuLoad>> LookAsync(CancellationToken cancel) =>
        await Gpu.AskAsync("index,name,utilization.gpu,memory.used,memory.total,temperature.gpu,power.draw", cancel) is (var answer, null) ? [.. Parse(answer)] : [];

    /// <summary>Lines such as <c>0, NVIDIA H100 80GB HBM3, 97, 61034, 81559, 61, 512.34</c>: percent, MiB, degrees, watts. What is not known stands in brackets: <c>[N/A]</c>.</summary>
    internal static IEnumerable<GpuLoad> Parse(string answer)
    {
        foreach (var line in answer.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            if (line.Split(',', StringSplitOptions.TrimEntries) is [var index, .. var name, var use, var used, var total, var heat, var power] && int.TryParse(index, CultureInfo.InvariantCulture, out var number))
                yield return new(number, string.Join(", ", name), Number(use) / 100, Number(used) * (1 << 20), Number(total) * (1 << 20), Number(heat), Number(power));
    }

    private static double? Number(string text) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : null;
}
