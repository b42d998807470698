using LoraDrop.Domain;
using TorchSharp;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Models;

/// <summary>The source of a model's dropout masks: none (evaluation), or a stream determined by seed, stage and step (training).</summary>
/// <remarks>
/// On a CPU each mask is a function of (key, call, element): nothing is saved for the backward pass, which recomputes the mask; generating
/// it costs a tenth of torch's own generator (bench: <c>dropout</c>); and a resumed run needs no random state. On CUDA torch generates the
/// masks, from a generator reseeded at every pass, to the same effect.
/// </remarks>
public sealed class DropoutMasks
{
    private ulong _key;
    private uint _calls;

    /// <summary>Whether dropout is active.</summary>
    public bool Active { get; private set; }

    /// <summary>Activates dropout; the masks of this pass depend only on seed, stage and pass.</summary>
    public void BeginPass(long seed, string stage, long pass, Device device)
    {
        (Active, _calls) = (true, 0);
        _key = SplitMix64.For(seed, $"dropout {stage}", pass).Next();
        if (device.type == DeviceType.CUDA) cuda.manual_seed_all((long)(_key >> 1));
    }

    /// <summary>Number of masks drawn in this pass; setting it back repeats them, except those that torch draws (CUDA, or not
    /// float32).</summary>
    internal uint Drawn
    {
        get => _calls;
        set => _calls = value;
    }

    /// <summary>Deactivates dropout.</summary>
    public void Off() => Active = false;

    /// <summary>x with a fraction p of its entries set to 0 and the others divided by 1 − p.</summary>
    public Tensor Drop(Tensor x, double p)                                       // any shape
    {
        if (!Active || p == 0) return x;
        if (x.device_type != DeviceType.CPU || x.dtype != ScalarType.Float32) return nn.functional.dropout(x, p, training: true);
        return MaskedFunction.apply(x, Next(p));                                 // shape of x
    }

    /// <summary>x + drop(y): a layer's residual. The dropped tensor is new and not used elsewhere, so x is added in place.</summary>
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

    /// <summary>y = mask(x); the gradient is mask(∂L/∂y), with the same mask recomputed.</summary>
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
