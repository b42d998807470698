using System.Globalization;
using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Runs;

/// <summary>Refuses a batch that cannot fit in memory before hours are spent on it: on Linux, a CPU process that requests too much is
/// silently killed.</summary>
public static class MemoryNeed
{
    /// <summary>Approximate bytes that training needs for the longest batch.</summary>
    public static double OfTraining(ModelConfig config, int batch, int longest) =>
        MemoryEstimate.OfTraining(config.Layers, config.Hidden, config.Intermediate, config.Heads, config.VocabularySize, batch, longest);

    /// <summary>Refuses training whose longest batch needs more than the free memory.</summary>
    /// <param name="config">The model's sizes.</param>
    /// <param name="lengths">Tokens of each training text.</param>
    /// <param name="settings">Batch size, weight format, activation checkpointing.</param>
    /// <param name="tuning">What is trained.</param>
    /// <param name="device">Where to compute.</param>
    /// <param name="model">The model's parameter counts, for methods that train its weights; null: none are trained.</param>
    /// <param name="atHand">Bytes that this process has taken already and can use for this.</param>
    /// <exception cref="RefusedInputException">It does not fit.</exception>
    public static void Check(ModelConfig config, IReadOnlyList<int> lengths, TrainingSettings settings, MethodSettings tuning,
        Device device, ModelSummary? model = null, long atHand = 0)
    {
        if (device.type != TorchSharp.DeviceType.CPU) return; // CUDA fails at the allocation
        var (batch, longest) = (Math.Min(settings.BatchSize, lengths.Count), lengths.Max() + tuning.WordsBefore);
        var need = config is DecoderConfig decoder
            ? MemoryEstimate.OfDecoder(ShapeOf(decoder), settings, tuning, batch, longest)
            : OfTraining(config, batch, longest);
        if (model is not null) need += MemoryEstimate.OfLearningWeights(tuning, model, batch, longest);
        var free = Free() + atHand;
        if (need > free)
            throw new RefusedInputException("training.batchSize", string.Create(CultureInfo.InvariantCulture,
                $"a batch of {batch} texts of up to {lengths.Max()} tokens needs about {need / (1 << 30):F1} GiB, and "
                + $"{free / (1 << 30):F1} GiB are free: {MemoryEstimate.Advice}."));
    }

    /// <summary>The shape of a decoder, including its output layer unless tied.</summary>
    public static DecoderShape ShapeOf(DecoderConfig config)
    {
        LinearModule[] modules = [.. config.LinearsOf("*")
            .Select(linear => new LinearModule(linear.Path[(linear.Path.LastIndexOf('.') + 1)..], linear.Path, linear.In, linear.Out))];
        var layers = config.Layers * modules.Sum(module => (double)module.In * module.Out);
        var all = config.Tensors.Sum(tensor => (double)tensor.Shape.Numbers())
            + (config.TiedEmbeddings ? 0 : (double)config.VocabularySize * config.Hidden);
        return new(config.Layers, config.Hidden, config.QueryWidth, config.Intermediate, config.VocabularySize, layers, all - layers,
            modules);
    }

    /// <summary>Memory that the kernel could provide now, within the container's limit.</summary>
    private static double Free()
    {
        double limit = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        const string Kernel = "/proc/meminfo";
        if (!File.Exists(Kernel)) return limit;
        var line = File.ReadLines(Kernel).First(l => l.StartsWith("MemAvailable:"));
        return Math.Min(limit, 1024.0 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
            CultureInfo.InvariantCulture));
    }
}
