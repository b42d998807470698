using static TorchSharp.torch;

namespace LoraDrop.Engine.Tests;

public sealed class DropoutFacts
{
    private const int Entries = 1_000_000;

    [Theory]
    [InlineData(1, 0.1)]
    [InlineData(2, 0.1)]
    [InlineData(3, 0.05)]
    [InlineData(4, 0.5)]
    [InlineData(5, 0.9)]
    public void The_share_dropped_is_the_one_asked_for_and_the_rest_is_scaled_up(long seed, double p)
    {
        var mask = Mask(Begun(seed), p);
        Assert.Equal(p, mask.Count(m => m == 0) / (double)Entries, 5 * Math.Sqrt(p * (1 - p) / Entries));
        var kept = (float)(1 / (1 - p));
        Assert.Equal([kept], mask.Where(m => m != 0).Distinct());
    }

    [Fact]
    public void Masks_of_other_calls_passes_stages_and_seeds_have_nothing_in_common()
    {
        const double p = 0.1;
        var first = Begun(1);
        float[][] masks = [.. Enumerable.Range(0, 6).Select(_ => Mask(first, p)), Mask(Begun(1, pass: 1), p), Mask(Begun(1, pass: 2), p),
            Mask(Begun(1, stage: "other"), p), Mask(Begun(2), p)];
        for (var a = 0; a < masks.Length; a++)
            for (var b = 0; b < a; b++) Assert.InRange(Correlation(masks[a], masks[b], p), -0.01, 0.01);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(32)]
    [InlineData(768)]
    public void Entries_of_one_mask_have_nothing_in_common_with_those_further_on(int distance)
    {
        var mask = Mask(Begun(1), 0.1);
        Assert.InRange(Correlation(mask.AsSpan(distance), mask.AsSpan(0, Entries - distance), 0.1), -0.01, 0.01);
    }

    [Fact]
    public void The_same_key_gives_the_same_masks()
    {
        DropoutMasks once = Begun(3), again = Begun(3);
        for (var call = 0; call < 2; call++) Assert.True(Mask(once, 0.1).SequenceEqual(Mask(again, 0.1)), $"call {call} differs");
    }

    [Fact]
    public void A_mask_does_not_depend_on_how_many_entries_follow()
    {
        using var few = Begun(3).Drop(ones(1013), 0.3);
        Assert.Equal(Mask(Begun(3), 0.3)[..1013], few.data<float>().ToArray());
    }

    [Fact]
    public void The_backward_pass_uses_the_mask_of_the_forward_pass()
    {
        using var scope = NewDisposeScope();
        var x = rand(64, 1000, requires_grad: true);
        var y = Begun(4).Drop(x, 0.25);
        y.sum().backward();
        Assert.True(y.detach().eq(x.detach() * x.grad!).all().item<bool>(), "the gradient of the sum is not the mask");
    }

    [Fact]
    public void Entries_that_do_not_lie_in_a_row_are_dropped_where_they_stand()
    {
        using var scope = NewDisposeScope();
        var x = rand(7, 12);
        var turned = x.t();
        Assert.Equal(Begun(5).Drop(turned.contiguous(), 0.5).data<float>().ToArray(), Begun(5).Drop(turned, 0.5).data<float>().ToArray());
    }

    [Fact]
    public void Evaluation_leaves_everything_alone()
    {
        using var x = ones(10);
        var masks = Begun(6);
        masks.Off();
        Assert.Same(x, masks.Drop(x, 0.5));
    }

    private static DropoutMasks Begun(long seed, string stage = "stage", long pass = 0)
    {
        var masks = new DropoutMasks();
        masks.BeginPass(seed, stage, pass, CPU);
        return masks;
    }

    private static float[] Mask(DropoutMasks masks, double p)
    {
        using var scope = NewDisposeScope();
        return masks.Drop(ones(Entries), p).data<float>().ToArray();
    }

    /// <summary>Of "dropped" in one mask with "dropped" in the other.</summary>
    private static double Correlation(ReadOnlySpan<float> a, ReadOnlySpan<float> b, double p)
    {
        var both = 0;
        for (var i = 0; i < a.Length; i++)
            if (a[i] == 0 && b[i] == 0) both++;
        return (both / (double)a.Length - p * p) / (p * (1 - p));
    }
}
