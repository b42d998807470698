using static TorchSharp.torch;

namespace LoraDrop.Engine.Tests;

public sealed class DroppedAttentionFacts
{
    private const long B = 2, H = 3, T = 5, w = 4;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void It_is_attention_written_out_with_the_same_mask_forward_and_backward(bool padded)
    {
        using var scope = NewDisposeScope();
        var dropped = new DropoutMask(17, 4, (uint)(0.3 * 4294967296.0), 1 / 0.7f);
        var mask = padded ? tensor(new[] { 0, 0, 0, 0, float.NegativeInfinity, 0, 0, 0, 0, 0 }).view(B, 1, 1, T) : null;
        Tensor[] ours = Inputs(), plain = Inputs();
        var weight = randn(B, H, T, w);

        var output = DroppedAttention.Of(ours[0], ours[1], ours[2], mask, dropped);
        (output * weight).sum().backward();

        var scores = plain[0].matmul(plain[1].transpose(2, 3)).Over(Math.Sqrt(w));
        var P = (mask is null ? scores : scores.Plus(mask)).softmax(-1);
        var written = (P * dropped.Of(ones(B, H, T, T))).matmul(plain[2]);
        (written * weight).sum().backward();

        AssertClose(written, output);
        foreach (var (a, b) in plain.Zip(ours)) AssertClose(a.grad!, b.grad!);
    }

    private static Tensor[] Inputs()
    {
        manual_seed(5);
        return [.. Enumerable.Range(0, 3).Select(_ => randn(B, H, T, w).requires_grad_(true))];
    }

    private static void AssertClose(Tensor expected, Tensor actual) =>
        Assert.InRange((expected - actual).abs().max().item<float>(), 0, 1e-5);
}
