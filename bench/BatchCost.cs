using LoraDrop.Domain;

namespace LoraDrop.Bench;

/// <summary>Real tokens per second with batches by length, against random batches padded to their longest, on the lengths of real
/// data.</summary>
internal static class BatchCost
{
    private const int BatchSize = 32, Texts = 640;
    private static readonly EncoderConfig Small =
        EncoderConfig.RobertaBase with { Hidden = 192, Layers = 8, Heads = 6, Intermediate = 768, VocabularySize = 8192 };

    public static void Measure()
    {
        var data = Environment.GetEnvironmentVariable("LORADROP_DATA") ?? throw new RefusedInputException("LORADROP_DATA",
            "names the folder with glue/ and weights/roberta-mini-en; the lengths are taken from there");
        var encoder = new TextEncoder(Path.Combine(data, "weights", "roberta-mini-en"), Small, 256);
        foreach (var (folder, preset) in new[] { ("RTE", "glue/rte"), ("CoLA", "glue/cola") })
        {
            var task = TaskPreset.Find(preset)!.Task;
            var lengths = encoder.Encode(Dataset.Read(Path.Combine(data, "glue", folder, "train.tsv"), task).Examples).Lengths.Take(Texts);
            Compare(folder, Subject.Texts(Small, lengths));
        }
    }

    private static void Compare(string name, LabelledSet set)
    {
        using var subject = new Subject(Small, 1, 8);
        int[][] byLength = Batches.ByLength(set.Lengths, BatchSize, 1, 0), random = Batches.Random(set.Count, BatchSize, 1, 0);
        var seconds = Timing.InTurns(2, () => Epoch(subject, set, byLength), () => Epoch(subject, set, random));
        var tokens = set.Lengths.Sum();
        Console.WriteLine($"{name}: by length {tokens / seconds[0]:F0} tokens/s "
            + $"({Batches.PaddingShare(byLength, set.Lengths):P1} padding), random {tokens / seconds[1]:F0} "
            + $"tokens/s ({Batches.PaddingShare(random, set.Lengths):P1} padding); ratio " + $"{seconds[1] / seconds[0]:F2}");
    }

    private static void Epoch(Subject subject, LabelledSet set, int[][] batches)
    {
        foreach (var batch in batches) subject.Step(set, batch);
    }
}
