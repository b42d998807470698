using System.Globalization;

namespace LoraDrop.Worker;

/// <summary>Tells a process that the kernel ended for want of memory from one that somebody killed: only the kernel counts its own.</summary>
internal static class KernelKills
{
    private const string Counters = "/proc/vmstat", Counter = "oom_kill ";

    /// <summary>Processes that this kernel has ended for want of memory since it started, in any container; null where it does not say.</summary>
    public static long? Count()
    {
        if (!File.Exists(Counters)) return null;
        var line = File.ReadLines(Counters).FirstOrDefault(line => line.StartsWith(Counter, StringComparison.Ordinal));
        return line is null ? null : long.Parse(line.AsSpan(Counter.Length), CultureInfo.InvariantCulture);
    }
}
