using System.Globalization;
using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine;

/// <summary>Refuses a batch that cannot fit before hours are spent on it: on Linux a CPU process that asks for too much is killed without a word.</summary>
public static class MemoryNeed
{
    /// <summary>Roughly the bytes that training keeps for the longest batch.</summary>
    public static double OfTraining(ModelConfig config, int batch, int longest) =>
        MemoryEstimate.OfTraining(config.Layers, config.Hidden, config.Intermediate, config.Heads, config.VocabularySize, batch, longest);

    /// <summary>Refuses training whose longest batch needs more than is free.</summary>
    /// <exception cref="RefusedInputException">It does not fit.</exception>
    public static void Check(ModelConfig config, IReadOnlyList<int> lengths, TrainingSettings settings, Device device)
    {
        if (device.type != TorchSharp.DeviceType.CPU) return; // CUDA tells at the allocation
        var batch = Math.Min(settings.BatchSize, lengths.Count);
        var need = OfTraining(config, batch, lengths.Max());
        var free = Free();
        if (need > free)
            throw new RefusedInputException("training.batchSize", string.Create(CultureInfo.InvariantCulture,
                $"a batch of {batch} texts of up to {lengths.Max()} tokens needs about {need / (1 << 30):F1} GiB, and {free / (1 << 30):F1} GiB are free. Lower batchSize (and raise accumulation to keep the step the same), or lower maxLength."));
    }

    /// <summary>What the kernel could give now, within the limit of the container.</summary>
    private static double Free()
    {
        double limit = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        const string Kernel = "/proc/meminfo";
        if (!File.Exists(Kernel)) return limit;
        var line = File.ReadLines(Kernel).First(l => l.StartsWith("MemAvailable:"));
        return Math.Min(limit, 1024.0 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture));
    }
}
