using System.Globalization;

namespace LoraDrop.Worker;

/// <summary>Distinguishes processes killed by the kernel because memory ran out from those killed by others, using the kernel's
/// counter.</summary>
internal static class KernelKills
{
    private const string Counters = "/proc/vmstat", Counter = "oom_kill ";

    /// <summary>Number of processes this kernel has killed because memory ran out, in any container; null if unknown.</summary>
    public static long? Count()
    {
        if (!File.Exists(Counters)) return null;
        var line = File.ReadLines(Counters).FirstOrDefault(line => line.StartsWith(Counter, StringComparison.Ordinal));
        return line is null ? null : long.Parse(line.AsSpan(Counter.Length), CultureInfo.InvariantCulture);
    }
}
