#!/usr/bin/env bash
# libtorch 2.10.0 (through TorchSharp 0.107.0): under one seed, the first numbers of randn(15) and of randn(16) have nothing in common.
#
# Expected: a generator is a stream: a longer tensor begins with the numbers of a shorter one, as rand's do, as numpy's standard_normal
#           does.
# Seen:     below 16 numbers each is drawn by itself; from 16 on blocks of 16 uniform numbers are turned into normal ones together, and
#           the last block is drawn again where the count is no multiple of 16: of 16 and 17 numbers only the first agrees. Another
#           element type gives other numbers, too.
# Matters:  an initial value cannot be compared across ranks or widths (r = 8 against r = 4 of the same seed), nor rebuilt one element at
#           a time.
set -euo pipefail
source "$(dirname "$0")/common.bash"
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT && cd "$work"
dotnet_packages TorchSharp@0.107.0 libtorch-cpu-linux-x64@2.10.0
libtorch_loader

seen=$(dotnet_run <<'CS'
using System.Globalization;
using static TorchSharp.torch;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
Libtorch.Load();
Draws.Show();

internal static class Draws
{
    public static void Show()
    {
        foreach (var count in new[] { 15, 16, 17, 32 }) Console.WriteLine($"randn({count}): {First(() => randn(count))}");
        Console.WriteLine($"randn(16, float64): {First(() => randn(new long[] { 16 }, dtype: float64))}");
        foreach (var count in new[] { 15, 17 }) Console.WriteLine($"rand({count}): {First(() => rand(count))}");
    }

    private static string First(Func<Tensor> draw)
    {
        manual_seed(1);
        return string.Join(' ', draw().to(float32).data<float>().Take(3).Select(x => x.ToString("0.0000")));
    }
}
CS
)
recorded "$seen" "libtorch draws normal numbers in another way than it did." <<'SEEN'
randn(15): 0.6614 0.2669 0.0617
randn(16): -1.5256 -0.7502 -0.6540
randn(17): -1.5256 -1.1608 0.6995
randn(32): -1.5256 -0.7502 -0.6540
randn(16, float64): -0.3113 -0.7130 -0.7291
rand(15): 0.7576 0.2793 0.4031
rand(17): 0.7576 0.2793 0.4031
SEEN
