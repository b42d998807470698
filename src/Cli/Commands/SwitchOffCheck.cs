using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Cli;

/// <summary>Table 3's check on the adapter of a run in a folder.</summary>
internal static class SwitchOffCheck
{
    /// <summary>Keeps as many layers per module type as given.</summary>
    public static SwitchedOff Of(JobRequest lora, DataFiles files, string run, IReadOnlyDictionary<string, IReadOnlyList<int>> keep,
        Device device, CancellationToken cancel)
    {
        using var trained = TrainedAdapter.Open(Path.Combine(run, "adapter"), lora.Model, device);
        var data = trained.Read(files, lora.Training.Seed);
        return SwitchOff.Of(trained.Model, trained.Adapter.Sites, data.Train, data.Validation, trained.Task, lora.Training.BatchSize,
            (type, _) => keep[type].Count, cancel);
    }

    public static void Show(Session session, IReadOnlyList<SwitchedOff> scores, string metric)
    {
        session.Say($"\nThe trained LoRA with other layers switched off, no retraining ({metric}, mean over seeds):");
        session.Say($"  all {scores.Average(s => s.All):0.0000}   important layers only "
            + $"{scores.Average(s => s.LargeOnly):0.0000}   as many unimportant only "
            + $"{scores.Average(s => s.SmallOnly):0.0000}   none {scores.Average(s => s.None):0.0000}");
    }
}
