using System.Diagnostics;
using System.Globalization;
using static TorchSharp.torch;

namespace LoraDrop.Bench;

/// <summary>Times pieces of work in turns, so that what disturbs the machine disturbs all of them.</summary>
internal static class Timing
{
    /// <summary>The median seconds of each piece over the rounds, after one round that does not count.</summary>
    public static double[] InTurns(int rounds, params Action[] pieces)
    {
        var seconds = pieces.Select(_ => new List<double>()).ToArray();
        for (var round = 0; round <= rounds; round++)
            foreach (var (index, piece) in pieces.Index())
            {
                using var scope = NewDisposeScope();
                var started = Stopwatch.GetTimestamp();
                piece();
                if (round > 0) seconds[index].Add(Stopwatch.GetElapsedTime(started).TotalSeconds);
            }
        return [.. seconds.Select(s => s.Order().ElementAt(s.Count / 2))];
    }

    /// <summary>The rate of a large float32 matrix product, in operations per second: n multiplications and additions each.</summary>
    public static (Action Work, double Operations) MatrixProduct()
    {
        const int n = 2048;
        using var scope = NewDisposeScope();
        Tensor a = randn(n, n).DetachFromDisposeScope(), b = randn(n, n).DetachFromDisposeScope(); // (n, n)
        return (() => mm(a, b), 2.0 * n * n * n);
    }

    /// <summary>A figure of /proc/self/status in GiB: VmHWM is the peak of resident memory, VmRSS what is resident now.</summary>
    public static double Memory(string name) =>
        double.Parse(File.ReadLines("/proc/self/status").First(l => l.StartsWith(name))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture) / (1 << 20);
}
