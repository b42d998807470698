namespace LoraDrop.Bench;

/// <summary>How much of the machine's matrix-product rate a training step reaches: roberta-base size, r 8 on query and value, dropout 0.1,
/// batch 8 × 128, two threads.</summary>
internal static class TrainingStep
{
    private const int B = 8, T = 128;

    public static void Measure()
    {
        var config = EncoderConfig.RobertaBase;
        using var subject = new Subject(config, B, T);
        for (var i = 0; i < 12; i++) subject.Step();
        Console.WriteLine($"peak resident memory, 12 training steps: {Timing.Memory("VmHWM"):F2} GiB");
        var (product, operations) = Timing.MatrixProduct();
        var seconds = Timing.InTurns(9, product, subject.Step);
        double rate = operations / seconds[0], work = Operations(config, 8);
        Console.WriteLine($"matrix product 2048³: {rate / 1e9:F0} GFLOP/s");
        Console.WriteLine($"training step: {work / 1e9:F1} GFLOP in {seconds[1] * 1e3:F0} ms, {work / seconds[1] / 1e9:F0} "
            + $"GFLOP/s, {B * T / seconds[1]:F0} tokens/s");
        Console.WriteLine($"ratio: {work / seconds[1] / rate:F3}");
    }

    /// <summary>
    /// Multiplications and additions of the matrix products of one step: the forward pass, and of the backward pass the gradients
    /// that it needs: of inputs (not of frozen weights), of attention's two products, and of A and B. What does not lead to a
    /// trained number is not computed, and not counted: in layer 0 nothing below query and value.
    /// </summary>
    private static double Operations(ModelConfig c, int r)
    {
        double n = B * T, d = c.Hidden, i = c.Intermediate, L = c.Layers;
        // one d×d layer; up or down; QKᵀ or PV; A and B
        double square = 2 * n * d * d, feed = 2 * n * d * i, product = 2.0 * n * T * d, lora = 2 * 2 * n * d * r;
        var forward = L * (4 * square + 2 * feed + 2 * product + 2 * lora);
        // layer 0 stops at query and value: no input gradient through q, k, v
        var inputGradients = (L - 1) * (4 * square + 2 * feed) + (square + 2 * feed);
        var attentionGradients = L * 4 * product - product;                           // two per product; layer 0 needs none for its keys
        var loraGradients = L * 2 * (2 * lora) - 2 * (lora / 2);                      // of A, of B, of Ax, of x; layer 0 needs none of x
        return forward + inputGradients + attentionGradients + loraGradients;
    }
}
