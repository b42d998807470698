using static TorchSharp.torch;

namespace LoraDrop.Bench;

/// <summary>Forward and backward of dropout alone, on attention probabilities of roberta-base size.</summary>
internal static class DropoutCost
{
    public static void Measure()
    {
        using var scope = NewDisposeScope();
        var masks = new DropoutMasks();
        masks.BeginPass(1, "bench", 0, CPU);
        Tensor x = randn(96, 128, 128).requires_grad_(true), g = randn(96, 128, 128);
        var seconds = Timing.InTurns(9, () => masks.Drop(x, 0.1).backward([g]),
            () => nn.functional.dropout(x, 0.1, training: true).backward([g]));
        Console.WriteLine($"computed again {seconds[0] * 1e3:F2} ms, torch's {seconds[1] * 1e3:F2} ms, ratio {seconds[1] / seconds[0]:F1}");
    }
}
