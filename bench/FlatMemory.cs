namespace LoraDrop.Bench;

/// <summary>Whether training leaks: resident memory and live tensors over 2,000 steps of a small model.</summary>
internal static class FlatMemory
{
    public static void Measure()
    {
        using var subject = new Subject(EncoderConfig.RobertaBase with { Hidden = 64, Layers = 4, Heads = 4, Intermediate = 256,
            VocabularySize = 1000 }, 8, 32);
        for (var step = 0; step <= 2000; step++)
        {
            if (step % 400 == 0)
                Console.WriteLine(
                    $"step {step,5}: {Timing.Memory("VmRSS") * 1024:F0} MiB resident, {TorchSharp.torch.Tensor.TotalCount} tensors");
            subject.Step();
        }
    }
}
