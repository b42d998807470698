#!/usr/bin/env bash
# MathNet.Numerics 5.0.0: Spearman's coefficient of predictions that hold NaN is a plausible number; its quantiles are not numpy's.
#
# Expected: NaN, as scipy gives it and as Pearson's gives it here. Quantile(0.9) of 1…10 is 9.1 (numpy's and R's default, definition 7).
# Seen:     NaN gets a rank like any number, the lowest, so 1 2 NaN 4 against 1 2 3 4 scores 0.4. Quantile uses definition 8: 9.6333.
# Matters:  STS-B is judged by Spearman: a model that diverged on some rows keeps a score, and may be called best.
set -euo pipefail
source "$(dirname "$0")/common.bash"
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT && cd "$work"
dotnet_packages MathNet.Numerics@5.0.0

seen=$(dotnet_run <<'CS'
using MathNet.Numerics.Statistics;

double[] predicted = [1, 2, double.NaN, 4], gold = [1, 2, 3, 4], ten = [.. Enumerable.Range(1, 10)];
Console.WriteLine($"Spearman {Correlation.Spearman(predicted, gold):0.0000}");
Console.WriteLine($"Pearson {Correlation.Pearson(predicted, gold)}");
Console.WriteLine($"Quantile 0.9: {ten.Quantile(0.9):0.0000}, definition 7: {ten.QuantileCustom(0.9, QuantileDefinition.R7):0.0000}");
CS
)
recorded "$seen" "MathNet ranks NaN, or finds quantiles, in another way than it did." <<'SEEN'
Spearman 0.4000
Pearson NaN
Quantile 0.9: 9.6333, definition 7: 9.1000
SEEN
