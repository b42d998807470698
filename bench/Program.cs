using System.Diagnostics;
using LoraDrop.Domain;
using LoraDrop.Engine;
using static TorchSharp.torch;

TorchNative.EnsureLoaded();
set_num_threads(2);
using var model = new SequenceClassifier(ModelConfig.RobertaBase, new RandomWeights(1), 2, 1, CPU);
var sites = AdapterSites.Find(model, ["query", "value"]);
using var adapter = new Adapter(model, sites, SharingPlan.OwnEverywhere(sites.Select(s => s.Site)), new(8, 8), true, 1);
using var adamw = new AdamW(adapter.Parameters, 0.01);
const int B = 8, T = 128;
var random = new SplitMix64(3);
using var batch = TokenBatch.Of([.. Enumerable.Range(0, B).Select(_ => new TokenizedText([.. Enumerable.Range(0, T).Select(_ => 4 + random.NextBelow(50000))], new int[T]))], 1, CPU);
using var labels = tensor(new long[B]);
void Step(int i)
{
    using var scope = NewDisposeScope();
    model.Masks.BeginPass(1, "bench", i, CPU);
    var loss = nn.functional.cross_entropy(model.Forward(batch), labels);
    loss.backward();
    adamw.ClipGradients(1);
    adamw.Step(i + 1, (adapter.Parameters.Values.numel(), 1e-4));
}
double N = B * T, d = 768, h = 3072, L = 12;
double layer = 2 * N * d * d * 4 + 2 * N * d * h * 2, attention = 2.0 * B * 12 * T * T * 64 * 2;
double forward = L * (layer + attention);
double backward = (L - 1) * layer + (2 * N * d * d * 1 + 2 * N * d * h * 2) + L * 2 * attention - attention / 2 * 1.0;
Console.WriteLine($"forward {forward / 1e9:F1} GF, backward {backward / 1e9:F1} GF");
var sq = randn(2048, 2048); var sq2 = randn(2048, 2048);
double Rate() { var best = 0.0; for (var i = 0; i < 6; i++) { using var s = NewDisposeScope(); var w = Stopwatch.GetTimestamp(); mm(sq, sq2); best = Math.Max(best, 2.0 * 2048 * 2048 * 2048 / Stopwatch.GetElapsedTime(w).TotalSeconds); } return best; }
for (var i = 0; i < 2; i++) Step(i);
for (var round = 0; round < 4; round++)
{
    var rate = Rate();
    var w = Stopwatch.GetTimestamp(); for (var i = 0; i < 3; i++) Step(2 + i);
    var t = Stopwatch.GetElapsedTime(w).TotalSeconds / 3;
    using var ng = no_grad(); using var s = NewDisposeScope(); model.Masks.Off(); w = Stopwatch.GetTimestamp(); model.Forward(batch); var f = Stopwatch.GetElapsedTime(w).TotalSeconds;
    Console.WriteLine($"mm {rate / 1e9:F0} GF/s  step {t * 1e3:F0} ms -> {(forward + backward) / t / rate:F3};  eval forward {f * 1e3:F0} ms -> {forward / f / rate:F3}  peak {Process.GetCurrentProcess().PeakWorkingSet64 / 1048576.0 / 1024:F2} GiB");
}
