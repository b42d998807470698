using static TorchSharp.torch;

namespace LoraDrop.Bench;

/// <summary>What the importance pass costs beyond the forward pass that it rides on.</summary>
internal static class ImportanceCost
{
    public static void Measure()
    {
        using var subject = new Subject(EncoderConfig.RobertaBase, 8, 128);
        var seconds = Timing.InTurns(9,
            () =>
            {
                using var _ = no_grad();
                using var batch = subject.Set.Batch([.. Enumerable.Range(0, subject.Set.Count)], subject.Model);
                subject.Model.Masks.Off();
                subject.Model.Backbone.Forward(batch);
            },
            () => ImportancePass.Over(subject.Model, subject.Sites, subject.Set, 8, CancellationToken.None));
        Console.WriteLine($"bare forward pass {seconds[0] * 1e3:F0} ms, importance pass {seconds[1] * 1e3:F0} ms");
        Console.WriteLine($"speed of the importance pass, bare forward = 1: {seconds[0] / seconds[1]:F3}");
    }
}
