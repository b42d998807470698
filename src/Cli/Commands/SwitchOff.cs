using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Cli;

/// <summary>Scores of a trained LoRA with all its layers on, with the important ones only, and with as many of the least important only
/// (the paper's Table 3).</summary>
internal sealed record SwitchedOff(double All, double LargeOnly, double SmallOnly, double None);

/// <summary>Table 3's check of importance: without retraining, the other LoRAs are switched off. Keeping the important ones must beat
/// keeping the others.</summary>
internal static class SwitchOff
{
    /// <summary>Measures the trained LoRA's own importance on the run's sample, keeps as many layers per module type as given, and
    /// evaluates.</summary>
    public static SwitchedOff Of(JobRequest lora, DataFiles files, string run, IReadOnlyDictionary<string, IReadOnlyList<int>> keep,
        Device device, CancellationToken cancel)
    {
        using var trained = TrainedAdapter.Open(Path.Combine(run, "adapter"), lora.Model, device);
        var (data, sites) = (trained.Read(files, lora.Training.Seed), trained.Adapter.Sites);
        var norms = ImportancePass.Over(trained.Model, sites, data.Train, lora.Training.BatchSize, cancel);
        var I = Importance.Of(norms.ToDictionary(n => n.Site, n => n.G), ImportanceScope.PerType);
        double ScoreOf(Func<string, IReadOnlyList<int>, IEnumerable<int>> chosen) =>
            trained.ScoreWith(Chosen(I, keep, chosen), data.Validation, lora.Training.BatchSize, cancel).PrimaryValue;
        return new(
            ScoreOf((_, ranked) => ranked),
            ScoreOf((type, ranked) => ranked.Take(keep[type].Count)),
            ScoreOf((type, ranked) => ranked.Reverse().Take(keep[type].Count)),
            ScoreOf((_, _) => []));
    }

    public static void Show(Session session, IReadOnlyList<SwitchedOff> scores, string metric)
    {
        session.Say($"\nThe trained LoRA with other layers switched off, no retraining ({metric}, mean over seeds):");
        session.Say($"  all {scores.Average(s => s.All):0.0000}   important layers only "
            + $"{scores.Average(s => s.LargeOnly):0.0000}   as many unimportant only "
            + $"{scores.Average(s => s.SmallOnly):0.0000}   none {scores.Average(s => s.None):0.0000}");
    }

    private static HashSet<Site> Chosen(IReadOnlyDictionary<Site, double> I, IReadOnlyDictionary<string, IReadOnlyList<int>> keep,
        Func<string, IReadOnlyList<int>, IEnumerable<int>> chosen) =>
        [.. keep.Keys.SelectMany(type =>
        {
            var layers = I.Where(i => i.Key.Type == type).OrderBy(i => i.Key.Layer).ToArray();
            var ranked = Retention.Ranked([.. layers.Select(layer => layer.Value)]).Select(index => layers[index].Key.Layer);
            return chosen(type, [.. ranked]).Select(layer => new Site(type, layer));
        })];
}
