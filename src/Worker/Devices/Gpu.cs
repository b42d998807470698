using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace LoraDrop.Worker;

/// <summary>A GPU as its driver describes it, without libtorch, which the supervising process never loads.</summary>
/// <param name="Index">Its number in the order of the bus.</param>
/// <param name="Name">Such as <c>NVIDIA H100 80GB HBM3</c>.</param>
/// <param name="Memory">Bytes.</param>
internal sealed record Gpu(int Index, string Name, long Memory)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(3);

    /// <summary>Asks nvidia-smi, which comes with the driver; only for those that <c>CUDA_VISIBLE_DEVICES</c> names, where it names any.</summary>
    /// <returns>What it found; where that is nothing, why.</returns>
    public static async Task<(IReadOnlyList<Gpu> Found, string? Missing)> LookAsync(CancellationToken cancel)
    {
        var (answer, missing) = await AskAsync("index,name,memory.total", cancel);
        var found = missing is null ? Parse(answer).ToList() : [];
        return (found, found.Count > 0 ? null : missing ?? NoGpu(answer));
    }

    /// <summary>What nvidia-smi tells of the GPUs that this process may use, a line each; or why it tells nothing.</summary>
    internal static async Task<(string Answer, string? Missing)> AskAsync(string fields, CancellationToken cancel)
    {
        string[] chosen = Environment.GetEnvironmentVariable("CUDA_VISIBLE_DEVICES") is { Length: > 0 } visible ? [$"--id={visible}"] : [];
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(Limit);
        try
        {
            using var tool = Process.Start(new ProcessStartInfo("nvidia-smi", [$"--query-gpu={fields}", "--format=csv,noheader,nounits", .. chosen]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
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
            return ("", $"nvidia-smi does not answer within {Limit.TotalSeconds:0} s");
        }
        catch (Win32Exception)
        {
            return ("", "there is no nvidia-smi, which comes with NVIDIA's driver");
        }
    }

    private static string NoGpu(string said) => $"nvidia-smi finds no GPU: {said.ReplaceLineEndings(" ").Trim()}";

    /// <summary>Lines such as <c>0, NVIDIA H100 80GB HBM3, 81559</c>, the memory in MiB.</summary>
    internal static IEnumerable<Gpu> Parse(string answer)
    {
        foreach (var line in answer.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            if (line.Split(',', StringSplitOptions.TrimEntries) is [var index, .. var name, var memory]
                && int.TryParse(index, CultureInfo.InvariantCulture, out var number) && long.TryParse(memory, CultureInfo.InvariantCulture, out var mebibytes))
                yield return new(number, string.Join(", ", name), mebibytes << 20);
    }
}
