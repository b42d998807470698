using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace LoraDrop.Worker;

/// <summary>A GPU as reported by its driver. Does not use libtorch, which the supervising process never loads.</summary>
/// <param name="Index">Index in PCI bus order.</param>
/// <param name="Name">Name, such as <c>NVIDIA H100 80GB HBM3</c>.</param>
/// <param name="Memory">Total memory in bytes.</param>
internal sealed record Gpu(int Index, string Name, long Memory)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(3);

    /// <summary>Detects GPUs with nvidia-smi, which comes with the driver; only those in <c>CUDA_VISIBLE_DEVICES</c>, if set.</summary>
    /// <returns>The GPUs, or the reason why none was found.</returns>
    public static async Task<(IReadOnlyList<Gpu> Found, string? Missing)> DetectAsync(CancellationToken cancel)
    {
        var (answer, missing) = await QueryAsync("index,name,memory.total", cancel);
        var found = missing is null ? Parse(answer).ToList() : [];
        return (found, found.Count > 0 ? null : missing ?? NoGpu(answer));
    }

    /// <summary>Queries nvidia-smi for the GPUs this process may use: one line each, or the reason for a failure.</summary>
    internal static async Task<(string Answer, string? Missing)> QueryAsync(string fields, CancellationToken cancel)
    {
        string[] chosen = Environment.GetEnvironmentVariable("CUDA_VISIBLE_DEVICES") is { Length: > 0 } visible ? [$"--id={visible}"] : [];
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(Limit);
        try
        {
            using var tool =
                Process.Start(new ProcessStartInfo("nvidia-smi", [$"--query-gpu={fields}", "--format=csv,noheader,nounits",
                    .. chosen]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            try
            {
                var (said, complained) = (tool.StandardOutput.ReadToEndAsync(limit.Token), tool.StandardError.ReadToEndAsync(limit.Token));
                await tool.WaitForExitAsync(limit.Token);
                var (output, errors) = (await said, await complained);
                return tool.ExitCode == 0 ? (output, null) : ("", NoGpu(output + errors));
            }
            finally
            {
                if (!tool.HasExited) tool.Kill();
            }
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return ("", $"nvidia-smi did not respond within {Limit.TotalSeconds:0} s");
        }
        catch (Win32Exception)
        {
            return ("", "nvidia-smi not found; install NVIDIA's driver");
        }
    }

    private static string NoGpu(string said) => $"nvidia-smi found no GPU: {said.ReplaceLineEndings(" ").Trim()}";

    /// <summary>Lines such as <c>0, NVIDIA H100 80GB HBM3, 81559</c>, the memory in MiB.</summary>
    internal static IEnumerable<Gpu> Parse(string answer)
    {
        foreach (var line in answer.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            if (line.Split(',', StringSplitOptions.TrimEntries) is [var index, .. var name, var memory]
                && int.TryParse(index, CultureInfo.InvariantCulture, out var number)
                && long.TryParse(memory, CultureInfo.InvariantCulture, out var mebibytes))
                yield return new(number, string.Join(", ", name), mebibytes << 20);
    }
}
