using System.Numerics;
using System.Runtime.InteropServices;

namespace LoraDrop.Engine.Weights;

/// <summary>Finds NaN and infinite numbers among the bytes of a tensor.</summary>
/// <remarks>A float is finite exactly if not all bits of its exponent are set (IEEE 754, 3.4); bfloat16 is the upper half of a
/// float32.</remarks>
internal static class FiniteNumbers
{
    /// <summary>The index of the first number that is not finite; -1 if there is none, or the type has none.</summary>
    /// <param name="bytes">Complete numbers of the type, little-endian.</param>
    /// <param name="type">The type's name in safetensors: <c>F64</c>, <c>F32</c>, <c>F16</c>, <c>BF16</c>, ….</param>
    public static int FirstOther(ReadOnlySpan<byte> bytes, string type) => type switch
    {
        "F64" => FirstOther<ulong>(bytes, 0x7FF0_0000_0000_0000),
        "F32" => FirstOther<uint>(bytes, 0x7F80_0000),
        "F16" => FirstOther<ushort>(bytes, 0x7C00),
        "BF16" => FirstOther<ushort>(bytes, 0x7F80),
        _ => -1,
    };

    private static int FirstOther<T>(ReadOnlySpan<byte> bytes, T exponent) where T : unmanaged, IBinaryInteger<T>
    {
        var numbers = MemoryMarshal.Cast<byte, T>(bytes);
        var mask = new Vector<T>(exponent);
        var at = 0;
        for (; at <= numbers.Length - Vector<T>.Count; at += Vector<T>.Count)
            if (Vector.EqualsAny(new Vector<T>(numbers[at..]) & mask, mask)) break;
        for (; at < numbers.Length; at++)
            if ((numbers[at] & exponent) == exponent) return at;
        return -1;
    }
}
