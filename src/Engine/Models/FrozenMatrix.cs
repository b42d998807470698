using static TorchSharp.torch;

namespace LoraDrop.Engine.Models;

/// <summary>The weight of a frozen linear layer in its storage format. Products are computed in the type of their input.</summary>
public abstract class FrozenMatrix
{
    /// <summary>Rows, k.</summary>
    public abstract long Out { get; }

    /// <summary>Columns, d.</summary>
    public abstract long In { get; }

    /// <summary>Size in bytes.</summary>
    public abstract long Bytes { get; }

    /// <summary>Where it is.</summary>
    public abstract Device Device { get; }

    /// <summary>Creates W (k, d), owned by the caller.</summary>
    public abstract Tensor Dense(ScalarType type);

    /// <summary>x·Wᵀ.</summary>
    public virtual Tensor Product(Tensor x)                                      // (N, d) → (N, k)
    {
        if (is_grad_enabled() && x.requires_grad) return FrozenProduct.apply(x, this);
        using var dense = Dense(x.dtype);
        return nn.functional.linear(x, dense);
    }

    /// <summary>y = x·Wᵀ and ∂x = ∂y·W, with W rebuilt for each: otherwise autograd would keep a dense copy of every layer.</summary>
    private sealed class FrozenProduct : GradientFunction<FrozenProduct, FrozenMatrix>
    {
        protected override (Tensor Y, Tensor[] Kept, FrozenMatrix State) Forward(object[] vars)
        {
            var (x, matrix) = ((Tensor)vars[0], (FrozenMatrix)vars[1]);          // (N, d)
            return (nn.functional.linear(x, matrix.Dense(x.dtype)), [], matrix); // (N, k)
        }

        // (N, d)
        protected override Tensor?[] Backward(Tensor[] kept, FrozenMatrix matrix, Tensor dy) => [dy.mm(matrix.Dense(dy.dtype)), null];
    }
}

/// <summary>A weight in a floating-point type: float32, or bfloat16, which takes half the memory and is converted for each product if the
/// input is float32.</summary>
public sealed class FloatMatrix(Parameter parameter) : FrozenMatrix
{
    /// <summary>W (k, d), by name; it may learn.</summary>
    public Parameter Parameter => parameter;

    /// <summary>W (k, d); the learning numbers, if it learns.</summary>
    public Tensor Weight => parameter.Value;

    public override long Out => parameter.Frozen.shape[0];

    public override long In => parameter.Frozen.shape[1];

    public override Device Device => parameter.Frozen.device;

    public override long Bytes => parameter.Frozen.numel() * parameter.Frozen.element_size();

    public override Tensor Dense(ScalarType type)                                // (k, d)
    {
        var W = Weight;                                                          // (k, d)
        return W.dtype == type ? W.alias() : W.to(type);
    }

    public override Tensor Product(Tensor x) => TypedFor(x) is { } W ? nn.functional.linear(x, W) : base.Product(x); // (N, k)

    /// <summary>W as autograd may keep it for a product with x; null if it is frozen and has another type, so that each product converts
    /// it.</summary>
    internal Tensor? TypedFor(Tensor x) => parameter.Learns || Weight.dtype == x.dtype ? parameter.In(x.dtype) : null; // (k, d)
}

/// <summary>A weight in 8-bit integers, each row scaled by its largest magnitude: w ≈ q·s/127.</summary>
public sealed class Int8Matrix : FrozenMatrix
{
    private readonly Tensor _codes;  // (k, d), int8
    private readonly Tensor _scales; // (k, 1), float32

    /// <param name="weight">W (k, d); not kept.</param>
    /// <param name="own">Takes ownership of the stored tensors.</param>
    public Int8Matrix(Tensor weight, Func<Tensor, Tensor> own)
    {
        using var scope = NewDisposeScope();
        var exact = weight.to(ScalarType.Float32);                               // (k, d)
        var scales = exact.abs().amax([1], keepdim: true).ClampMin(float.Epsilon).Over(127); // (k, 1)
        _codes = own((exact / scales).round_().to(ScalarType.Int8));
        _scales = own(scales);
    }

    public override long Out => _codes.shape[0];

    public override long In => _codes.shape[1];

    public override Device Device => _codes.device;

    public override long Bytes => _codes.numel() + 4 * _scales.numel();

    public override Tensor Dense(ScalarType type)
    {
        using var scope = NewDisposeScope();
        return (_codes.to(ScalarType.Float32) * _scales).to(type).MoveToOuterDisposeScope(); // (k, d)
    }
}

/// <summary>A weight in 4-bit NormalFloat with double quantisation (QLoRA: Dettmers et al. 2023, section 3): 4.127 bits per
/// number.</summary>
/// <remarks>
/// Blocks of 64 numbers are scaled by their largest magnitude to the 16 quantiles of a normal distribution. The scales of 256 blocks, minus
/// the mean of all scales, are in turn stored as 8-bit integers scaled by their largest magnitude. Incomplete blocks are padded with zeros.
/// </remarks>
public sealed class Nf4Matrix : FrozenMatrix
{
    private const int Block = 64, Group = 256;

    /// <summary>The 16 values (Dettmers et al. 2023, appendix E).</summary>
    internal static readonly float[] Levels =
    [
        -1.0f, -0.6961928009986877f, -0.5250730514526367f, -0.39491748809814453f, -0.28444138169288635f, -0.18477343022823334f,
        -0.09105003625154495f, 0.0f,
        0.07958029955625534f, 0.16093020141124725f, 0.24611230194568634f, 0.33791524171829224f, 0.44070982933044434f, 0.5626170039176941f,
        0.7229568362236023f, 1.0f,
    ];

    private readonly Tensor _codes;      // (blocks, 32), uint8: two numbers a byte, the first in the high half
    private readonly Tensor _scales;     // (groups, 256), int8
    private readonly Tensor _groupScales; // (groups, 1), float32
    private readonly Tensor _levels;     // (256, 2), float32: both values of each byte
    private readonly float _mean;
    private readonly long _out, _in;

    /// <param name="weight">W (k, d); not kept.</param>
    /// <param name="own">Takes ownership of the stored tensors.</param>
    public Nf4Matrix(Tensor weight, Func<Tensor, Tensor> own)
    {
        using var scope = NewDisposeScope();
        (_out, _in) = (weight.shape[0], weight.shape[1]);
        var blocks = Filled(weight.to(ScalarType.Float32).flatten(), Block);     // (blocks, 64)
        var scales = blocks.abs().amax([1], keepdim: true);                      // (blocks, 1)
        // (15)
        var betweens = tensor(Levels.Zip(Levels.Skip(1)).Select(pair => (pair.First + pair.Second) / 2).ToArray(), device: weight.device);
        var codes = bucketize(blocks / scales.ClampMin(float.Epsilon), betweens).to(ScalarType.Byte).view(-1, 2); // nearest level
        _codes = own(codes.select(1, 0).Times(16).Plus(codes.select(1, 1)).view(-1, Block / 2));
        _mean = scales.mean().item<float>();
        var groups = Filled(scales.Minus(_mean).flatten(), Group);               // (groups, 256)
        var largest = groups.abs().amax([1], keepdim: true).ClampMin(float.Epsilon).Over(127); // (groups, 1)
        _scales = own((groups / largest).round_().to(ScalarType.Int8));
        _groupScales = own(largest.clone());
        _levels = own(tensor(Enumerable.Range(0, 256).SelectMany(code => (float[])[Levels[code >> 4], Levels[code & 15]]).ToArray(),
            device: weight.device).view(256, 2));
    }

    public override long Out => _out;

    public override long In => _in;

    public override Device Device => _codes.device;

    public override long Bytes => _codes.numel() + _scales.numel() + 4 * _groupScales.numel();

    public override Tensor Dense(ScalarType type)
    {
        using var scope = NewDisposeScope();
        var scales = (_scales.to(ScalarType.Float32) * _groupScales).Plus(_mean).view(-1, 1).narrow(0, 0, _codes.shape[0]); // (blocks, 1)
        var values = _levels.index_select(0, _codes.flatten().to(ScalarType.Int32)).view(-1, Block); // (blocks, 64)
        return (values * scales).flatten().narrow(0, 0, _out * _in).view(_out, _in).to(type).MoveToOuterDisposeScope(); // (k, d)
    }

    private static Tensor Filled(Tensor flat, int width)
    {
        var rest = flat.shape[0] % width;
        return (rest == 0 ? flat : cat([flat, zeros([width - rest], flat.dtype, flat.device)])).view(-1, width);
    }
}
