using System.Numerics;
using System.Runtime.InteropServices;
using LoraDrop.Domain;
using TorchSharp;
using static TorchSharp.torch;

namespace LoraDrop.Engine;

/// <summary>Where a model's dropout masks come from: nowhere (evaluation), or a stream that is fixed by seed, stage and step (training).</summary>
/// <remarks>
/// On a CPU each mask is a function of (key, call, element): nothing is saved for the backward pass, which computes the mask again;
/// drawing it costs a tenth of torch's own generator (bench: <c>dropout</c>); and a resumed run needs no random state. On CUDA
/// torch draws the masks, from a generator that is seeded anew at every pass, which serves the same end.
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

    /// <summary>Dropout does nothing from now on.</summary>
    public void Off() => Active = false;

    /// <summary>x with a share p of its entries set to 0 and the others divided by 1 − p.</summary>
    public Tensor Drop(Tensor x, double p)                                       // any shape
    {
        if (!Active || p == 0) return x;
        if (x.device_type != DeviceType.CPU || x.dtype != ScalarType.Float32) return nn.functional.dropout(x, p, training: true);
        var key = new MaskKey((uint)_key + 0x9E3779B9 * _calls, (uint)(_key >> 32) ^ (0x85EBCA6B * _calls), (uint)(p * 4294967296.0), (float)(1 / (1 - p)));
        _calls++;
        return MaskedFunction.apply(x, key);                                     // shape of x
    }

    /// <summary>What a mask is computed from: two words of key, the bound under which an entry's random word drops it, and 1/(1 − p).</summary>
    private sealed record MaskKey(uint First, uint Second, uint Bound, float Scale)
    {
        /// <summary>y_i = x_i · scale where the random word of i reaches the bound, else 0.</summary>
        public Tensor Apply(Tensor x)
        {
            using var source = x.contiguous();
            var y = torch.empty_like(source);
            Apply(MemoryMarshal.Cast<byte, float>(source.bytes), MemoryMarshal.Cast<byte, float>(y.bytes));
            return y;
        }

        private void Apply(ReadOnlySpan<float> x, Span<float> y)
        {
            var lanes = Vector<uint>.Count;
            var index = Vector<uint>.Indices + new Vector<uint>(First);
            Vector<uint> step = new((uint)lanes), second = new(Second), bound = new(Bound);
            var scale = new Vector<float>(Scale);
            var i = 0;
            for (; i <= x.Length - lanes; i += lanes, index += step)
            {
                var keep = Vector.GreaterThanOrEqual(Mix(index, second), bound);
                Vector.ConditionalSelect(Vector.AsVectorSingle(keep), new Vector<float>(x[i..]) * scale, Vector<float>.Zero).CopyTo(y[i..]);
            }
            for (; i < x.Length; i++) y[i] = Mix(new Vector<uint>(First + (uint)i), second)[0] >= Bound ? x[i] * Scale : 0;
        }

        /// <summary>A bijection of 32-bit words with almost no bias (constants: Wellons, "Prospecting for Hash Functions", 2018), keyed between its two halves.</summary>
        private static Vector<uint> Mix(Vector<uint> x, Vector<uint> key)
        {
            x ^= x >>> 16;
            x *= new Vector<uint>(0x21F0AAAD);
            x ^= x >>> 15;
            x += key;
            x *= new Vector<uint>(0xD35A2D97);
            return x ^ (x >>> 15);
        }
    }

    /// <summary>y = mask(x); the gradient is mask(∂L/∂y), with the same mask computed again.</summary>
    private sealed class MaskedFunction : autograd.SingleTensorFunction<MaskedFunction>
    {
        [ThreadStatic] private static Tensor[]? _passed;

        public override string Name => nameof(MaskedFunction);

        public override Tensor forward(autograd.AutogradContext context, params object[] vars)
        {
            context.save_data("key", vars[1]);
            return ((MaskKey)vars[1]).Apply((Tensor)vars[0]);
        }

        // Runs on autograd's stack, where an exception would end the process; Apply has nothing that can fail but memory.
        // Autograd holds what it needs by itself; our handles are let go at the next call, or every gradient would live as long as the step.
        public override List<Tensor> backward(autograd.AutogradContext context, Tensor gradient)
        {
            foreach (var handle in _passed ?? []) handle.Dispose();
            var result = ((MaskKey)context.get_data("key")).Apply(gradient);
            _passed = [gradient, result];
            return [result, null!];
        }
    }
}
