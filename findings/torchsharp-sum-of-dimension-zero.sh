#!/usr/bin/env bash
# TorchSharp 0.107.0: x.sum(0) is not the sum over dimension 0, but the sum of everything, as a byte.
#
# Expected: sum(0) over the rows, as sum(1) is over the columns, and as x.sum(0) is in Python.
# Seen:     C# converts the literal 0 to any enum, and ScalarType's 0 is Byte: sum(0) is sum(ScalarType.Byte), which adds up all numbers
#           modulo 256, fractions cut off. sum(1), sum([0]), sum(0L) and a variable that holds 0 are what they look like.
# Matters:  norms and counts of a matrix's columns come out as one small number, without an error where a shape broadcasts; only the
#           first dimension is hit, so that code which works for rows fails for columns. Write sum([0]).
set -euo pipefail
source "$(dirname "$0")/common.bash"
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT && cd "$work"
dotnet_packages TorchSharp@0.107.0 libtorch-cpu-linux-x64@2.10.0
libtorch_loader

seen=$(dotnet_run <<'CS'
using static TorchSharp.torch;

Libtorch.Load();
Sums.Show();

internal static class Sums
{
    public static void Show()
    {
        using var x = tensor(new float[] { 100.5f, 100.5f, 100.5f, 1, 2, 3 }).view(2, 3);
        var zero = 0;
        Show("sum(0)", () => x.sum(0));
        Show("sum([0])", () => x.sum([0]));
        Show("sum(0L)", () => x.sum(0L));
        Show("sum(zero)", () => x.sum(zero));
        Show("sum(1)", () => x.sum(1));
        Show("mean([0])", () => x.mean([0]));
    }

    private static void Show(string call, Func<Tensor> of)
    {
        using var result = of();
        Console.WriteLine($"{call}: {result.dtype} [{string.Join(", ", result.shape)}] "
            + string.Join(' ', result.to(float64).flatten().data<double>().ToArray().Select(x => x.ToString("0.##"))));
    }
}
CS
)
recorded "$seen" "sum(0) is another sum than it was." <<'SEEN'
sum(0): Byte [] 50
sum([0]): Float32 [3] 101.5 102.5 103.5
sum(0L): Float32 [3] 101.5 102.5 103.5
sum(zero): Float32 [3] 101.5 102.5 103.5
sum(1): Float32 [2] 301.5 6
mean([0]): Float32 [3] 50.75 51.25 51.75
SEEN
