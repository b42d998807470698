using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace LoraDrop.Worker;

/// <summary>What a worker computes on, as the machine tells without libtorch, which the supervising process never loads.</summary>
/// <param name="Name">The GPU's; cpu else.</param>
/// <param name="MemoryGiB">All of its memory; of a CPU what the machine or its container allows.</param>
public sealed record WorkerDevice(string Name, double MemoryGiB)
{
    private const double GiB = 1L << 30, MiBPerGiB = 1 << 10;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(3);

    /// <summary>Looks for it.</summary>
    /// <returns>The device, or why it cannot be used.</returns>
    public static async Task<(WorkerDevice? Device, string? Missing)> LookAsync(string device, CancellationToken cancel)
    {
        if (device == "cpu") return (new("cpu", GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / GiB), null);
        string[] chosen = Environment.GetEnvironmentVariable("CUDA_VISIBLE_DEVICES")?.Split(',') is [{ Length: > 0 } first, ..] ? ["--id", first] : [];
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(Limit);
        try
        {
            using var tool = Process.Start(new ProcessStartInfo("nvidia-smi", ["--query-gpu=name,memory.total", "--format=csv,noheader,nounits", .. chosen]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            try
            {
                var (said, complained) = (tool.StandardOutput.ReadToEndAsync(limit.Token), tool.StandardError.ReadToEndAsync(limit.Token));
                await tool.WaitForExitAsync(limit.Token);
                var (output, errors) = (await said, await complained);
                return tool.ExitCode == 0 && Parse(output) is { } found ? (found, null) : (null, $"nvidia-smi finds no GPU: {(output + errors).ReplaceLineEndings(" ").Trim()}");
            }
            finally
            {
                if (!tool.HasExited) tool.Kill();
            }
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return (null, $"nvidia-smi does not answer within {Limit.TotalSeconds:0} s");
        }
        catch (Win32Exception)
        {
            return (null, "there is no nvidia-smi, which comes with NVIDIA's driver");
        }
    }

    /// <summary>The first GPU of <c>NVIDIA H100 80GB HBM3, 81559</c>.</summary>
    internal static WorkerDevice? Parse(string lines) =>
        lines.Split('\n')[0].Split(',') is [var name, var memory] && double.TryParse(memory, NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, null, out var mib) ? new(name.Trim(), mib / MiBPerGiB) : null;
}
