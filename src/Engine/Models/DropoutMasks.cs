using LoraDrop.Domain;
using TorchSharp;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Models;

/// <summary>Where a model's dropout masks come from: nowhere (evaluation), or a stream that is fixed by seed, stage and step
/// (training).</summary>
/// <remarks>
/// On a CPU each mask is a function of (key, call, element): nothing is saved for the backward pass, which computes the mask again;
/// drawing it costs a tenth of torch's own generator (bench: <c>dropout</c>); and a resumed run needs no random state. On CUDA
/// torch draws the masks, from a generator that is seeded again at every pass, to the same effect.
/// </remarks>
public sealed class DropoutMasks
{
    private ulong _key;
    private uint _calls;

    /// <summary>Whether dropout acts.</summary>
    public bool Active { get; private set; }

    /// <summary>Dropout acts from now on; the masks of this pass depend on these three alone.</summary>
    public void BeginPass(long seed, string stage, long pass, Device device)
    {
        (Active, _calls) = (true, 0);
        _key = SplitMix64.For(seed, $"dropout {stage}", pass).Next();
        if (device.type == DeviceType.CUDA) cuda.manual_seed_all((long)(_key >> 1));
    }

    /// <summary>Masks drawn in this pass; set back, it draws the same again. On CUDA, where torch draws them, it starts a stream of its
    /// own.</summary>
    internal uint Drawn
    {
        get => _calls;
        set => _calls = value;
    }

    /// <summary>Dropout does nothing from now on.</summary>
    public void Off() => Active = false;

    /// <summary>x with a share p of its entries set to 0 and the others divided by 1 − p.</summary>
    public Tensor Drop(Tensor x, double p)                                       // any shape
    {
        if (!Active || p == 0) return x;
        if (x.device_type != DeviceType.CPU || x.dtype != ScalarType.Float32) return nn.functional.dropout(x, p, training: true);
        return MaskedFunction.apply(x, Next(p));                                 // shape of x
    }

    /// <summary>x + drop(y): the residual of a layer. The dropped tensor is fresh and used nowhere else, so x is added in place.</summary>
    public Tensor DropThenAdd(Tensor y, double p, Tensor x)
    {
        var dropped = Drop(y, p);
        return ReferenceEquals(dropped, y) ? y.Plus(x) : dropped.Plus_(x);       // shape of x
    }

    /// <summary>The next mask of this pass.</summary>
    internal DropoutMask Next(double p)
    {
        var mask = new DropoutMask((uint)_key + 0x9E3779B9 * _calls, (uint)(_key >> 32) ^ (0x85EBCA6B * _calls), (uint)(p * 4294967296.0),
            (float)(1 / (1 - p)));
        _calls++;
        return mask;
    }

    /// <summary>y = mask(x); the gradient is mask(∂L/∂y), with the same mask computed again.</summary>
    private sealed class MaskedFunction : GradientFunction<MaskedFunction, DropoutMask>
    {
        protected override (Tensor Y, Tensor[] Kept, DropoutMask State) Forward(object[] vars)
        {
            var mask = (DropoutMask)vars[1];
            return (mask.Of((Tensor)vars[0]), [], mask);
        }

        protected override Tensor?[] Backward(Tensor[] kept, DropoutMask mask, Tensor dy) => [mask.Of(dy), null];
    }
}
