using TorchSharp;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Torch;

/// <summary>Operations with a number; each holds it until libtorch has read it. A trailing _ works in place, as in torch.</summary>
/// <remarks>
/// TorchSharp passes a number as the bare address of a native object, and nothing keeps its managed owner, a <see cref="Scalar"/>, alive: a
/// garbage collection during the call frees what libtorch is reading. <c>a + b</c> is no exception: it multiplies b by such a 1.
/// No other code here may touch a <see cref="Scalar"/>: BannedSymbols.txt forbids it, and a test reads the compiled code.
/// A whole number stays whole, so that a tensor of whole numbers keeps its type.
/// </remarks>
public static class Scalars
{
    private static readonly Scalar One = 1.ToScalar(), Two = 2.ToScalar(); // never freed

    /// <summary>x + y.</summary>
    public static Tensor Plus(this Tensor x, Tensor y) => x.add(y, One);

    /// <summary>x + number.</summary>
    public static Tensor Plus(this Tensor x, double number)
    {
        using var held = number.ToScalar();
        return x.add(held, One);
    }

    /// <summary>x + number.</summary>
    public static Tensor Plus(this Tensor x, long number)
    {
        using var held = number.ToScalar();
        return x.add(held, One);
    }

    /// <summary>x += y.</summary>
    public static Tensor Plus_(this Tensor x, Tensor y) => x.add_(y, One);

    /// <summary>x += factor·y.</summary>
    public static Tensor Plus_(this Tensor x, Tensor y, double factor)
    {
        using var held = factor.ToScalar();
        return x.add_(y, held);
    }

    /// <summary>x += number.</summary>
    public static Tensor Plus_(this Tensor x, double number)
    {
        using var held = number.ToScalar();
        return x.add_(held, One);
    }

    /// <summary>x − number.</summary>
    public static Tensor Minus(this Tensor x, double number)
    {
        using var held = number.ToScalar();
        return x.sub(held);
    }

    /// <summary>x·number.</summary>
    public static Tensor Times(this Tensor x, double number)
    {
        using var held = number.ToScalar();
        return x.mul(held);
    }

    /// <summary>x·number.</summary>
    public static Tensor Times(this Tensor x, long number)
    {
        using var held = number.ToScalar();
        return x.mul(held);
    }

    /// <summary>x *= number.</summary>
    public static Tensor Times_(this Tensor x, double number)
    {
        using var held = number.ToScalar();
        return x.mul_(held);
    }

    /// <summary>x/number.</summary>
    public static Tensor Over(this Tensor x, double number)
    {
        using var held = number.ToScalar();
        return x.div(held);
    }

    /// <summary>x/number.</summary>
    public static Tensor Over(this Tensor x, long number)
    {
        using var held = number.ToScalar();
        return x.div(held);
    }

    /// <summary>x /= number.</summary>
    public static Tensor Over_(this Tensor x, double number)
    {
        using var held = number.ToScalar();
        return x.div_(held);
    }

    /// <summary>x += factor·(y∘z).</summary>
    public static Tensor PlusProduct_(this Tensor x, Tensor y, Tensor z, double factor)
    {
        using var held = factor.ToScalar();
        return x.addcmul_(y, z, held);
    }

    /// <summary>x += factor·(y/z), element by element.</summary>
    public static Tensor PlusQuotient_(this Tensor x, Tensor y, Tensor z, double factor)
    {
        using var held = factor.ToScalar();
        return x.addcdiv_(y, z, held);
    }

    /// <summary>x∘x.</summary>
    public static Tensor Squared(this Tensor x) => x.pow(Two);

    /// <summary>The larger of each entry and a bound.</summary>
    public static Tensor ClampMin(this Tensor x, double least)
    {
        using var held = least.ToScalar();
        return x.clamp_min(held);
    }

    /// <summary>x ← sign(x)·max(|x| − by, 0), the proximal step of by·|x|.</summary>
    public static void SoftThreshold_(this Tensor x, double by)
    {
        using var scope = NewDisposeScope();
        x.copy_(x.sign() * x.abs().Minus(by).ClampMin(0));
    }

    /// <summary>Each entry, or the bound that it is beyond.</summary>
    public static Tensor Clamp(this Tensor x, double least, double most)
    {
        using Scalar low = least.ToScalar(), high = most.ToScalar();
        return x.clamp(low, high);
    }

    /// <summary>What is left of each entry after division; has the sign of the divisor.</summary>
    public static Tensor Remainder(this Tensor x, long divisor)
    {
        using var held = divisor.ToScalar();
        return x.remainder(held);
    }

    /// <summary>Where x &lt; number.</summary>
    public static Tensor IsBelow(this Tensor x, long number)
    {
        using var held = number.ToScalar();
        return x.lt(held);
    }

    /// <summary>Where x ≥ number.</summary>
    public static Tensor IsAtLeast(this Tensor x, long number)
    {
        using var held = number.ToScalar();
        return x.ge(held);
    }

    /// <summary>Where x is not number.</summary>
    public static Tensor IsNot(this Tensor x, long number)
    {
        using var held = number.ToScalar();
        return x.ne(held);
    }

    /// <summary>Sets every entry.</summary>
    public static Tensor Fill_(this Tensor x, double number)
    {
        using var held = number.ToScalar();
        return x.fill_(held);
    }

    /// <summary>Sets the entries that a mask of x's shape marks.</summary>
    public static Tensor MaskedFill_(this Tensor x, Tensor mask, double number)
    {
        using var held = number.ToScalar();
        return x.masked_fill_(mask, held);
    }

    /// <summary>A tensor whose entries are all one number.</summary>
    public static Tensor Full(ReadOnlySpan<long> shape, double number, ScalarType type, Device device)
    {
        using var held = number.ToScalar();
        return full(shape, held, type, device);
    }

    /// <summary>0, 1, … up to count − 1 (count), int64.</summary>
    public static Tensor Arange(long count, Device device)
    {
        using Scalar from = 0L.ToScalar(), to = count.ToScalar();
        return arange(from, to, One, ScalarType.Int64, device);
    }
}
