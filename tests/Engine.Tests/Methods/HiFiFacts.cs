using System.Text.RegularExpressions;
using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Tests;

public sealed class HiFiFacts
{
    [Fact]
    public void Richness_counts_singular_values_and_correlation_does_not_depend_on_a_heads_basis()
    {
        using var scope = NewDisposeScope();
        static Tensor Drawn(string name, params long[] shape) => InitialValues.Normal(shape, 1, 1, name).to(ScalarType.Float64);
        var (turn, _) = linalg.qr(Drawn("turn", 4, 4));                          // (4, 4), orthogonal
        Tensor wide = Drawn("wide", 50, 4), alone = Drawn("alone", 50, 4),
            narrow = Drawn("one", 50, 1).mm(Drawn("direction", 1, 4));           // (N, w)
        var outputs = cat([wide, wide.mm(turn), narrow, alone], 1);              // (N, 4·w)
        var (richness, correlation) = Methods.HeadMeasures.Of(outputs.t().mm(outputs), 4, 0.9);
        Assert.Equal(richness[0], richness[1]);
        Assert.Equal(0.25, richness[2]);                                         // one of four directions
        Assert.True(richness[0] > richness[2]);
        Tensor C = wide.t().mm(alone), A = wide.t().mm(wide), B = alone.t().mm(alone); // (w, w)
        double Norm(Tensor x) => x.norm().item<double>();
        Assert.Equal(Norm(C) * Norm(C) / (Norm(A) * Norm(B)), correlation[0, 3], 1e-9);
        Assert.Equal(correlation[0, 3], correlation[1, 3], 1e-9);
        Assert.Equal(Norm(A.mm(turn)) * Norm(A.mm(turn)) / (Norm(A) * Norm(A)), correlation[0, 1], 1e-9);
        Assert.Equal(correlation[2, 3], correlation[3, 2], 1e-12);
    }

    [Theory]
    [InlineData("roberta-tiny", 2)] // of 4 heads
    [InlineData("llama-tiny", 1)]   // of 2 that have keys and values of their own
    public void Only_rows_of_the_chosen_heads_change_and_their_gradients_are_those_of_full_fine_tuning(string model, int count)
    {
        using var expected = new MethodCase(model, "full");
        using var adapter = Placed(expected.Model);
        adapter.Tuning.Prepare(JobOf(expected, adapter), CancellationToken.None);
        using var scope = NewDisposeScope();
        expected.Golden.Loss().backward();
        Assert.Equal(expected.Model.Config.Layers, adapter.Tuning.Fixed.Count);
        foreach (var name in adapter.Parameters.Names)
        {
            var weight = name["base_model.model.".Length..^".difference".Length];
            var whole = expected.Gradients[weight];                              // (k, …)
            var layer = Regex.Match(name, @"^.*\.layers?\.[0-9]+\.").Value;
            var heads = adapter.Tuning.Fixed[$"{layer}heads"].data<float>().Select(head => (long)head).ToArray();
            Assert.Equal(count, heads.Distinct().Count());
            var width = whole.shape[0] / expected.Model.Config.KeyHeads.Count;
            var rows = cat([.. heads.Select(head => whole.narrow(0, head * width, width))]); // (n·width, …)
            MethodCase.AssertClose(rows, adapter.Parameters.GradientOf(name), MethodCase.GradientBound, name);
        }
    }

    [Fact]
    public void The_heads_are_chosen_by_what_they_put_out_on_the_data()
    {
        using var expected = new MethodCase("roberta-tiny", "full");
        using var adapter = Placed(expected.Model);
        using var _ = no_grad();
        var outputs = new List<Tensor>();
        var output = AdapterSites.Find(expected.Model, ["o"])[0].Linear;
        output.Observer = o => outputs.Add(o.clone().DetachFromDisposeScope());
        expected.Golden.Logits();
        output.Observer = null;
        var mask = expected.Golden.Batch.Mask.view(-1, 1);                       // (N, 1)
        var real = outputs[0].to(ScalarType.Float64).masked_select(mask).view(-1, output.In); // (tokens, d')
        var (richness, correlation) = Methods.HeadMeasures.Of(real.t().mm(real), 4, 0.9);
        var best = HeadGraph.Highest(HeadGraph.PageRank(correlation, richness, 0.85), 2);
        adapter.Tuning.Prepare(JobOf(expected, adapter), CancellationToken.None);
        Assert.Equal(best.Select(head => (float)head), adapter.Tuning.Fixed.First().Value.data<float>());
    }

    [Fact]
    public void It_starts_without_effect_and_its_file_says_which_heads_changed()
    {
        using var folder = new TestFolder();
        using var expected = new MethodCase("llama-tiny", "full");
        using var _ = no_grad();
        var before = expected.Golden.Logits();
        Tensor changed;
        var path = folder.At(CompactAdapter.FileName);
        using (var adapter = Placed(expected.Model))
        {
            MethodCase.AssertClose(before, expected.Golden.Logits(), 0, "logits");
            foreach (var heads in adapter.Tuning.Fixed.Values) heads.Fill_(1);
            adapter.Parameters.Values.copy_(InitialValues.Normal([adapter.Parameters.Values.numel()], 0.1, 1, "δ"));
            changed = expected.Golden.Logits();
            CompactAdapter.Write(path, adapter);
        }
        Assert.False(before.Equals(changed));
        using var again = CompactAdapter.Read(path, expected.Model);
        MethodCase.AssertClose(changed, expected.Golden.Logits(), 0, "logits of the file");
    }

    private static Adapter Placed(FrozenModel model) =>
        new(model, [], SharingPlan.OwnEverywhere([]), new HiFiSettings { Fraction = 0.5 }, trainHead: false, 1);

    private static TrainingJob JobOf(MethodCase expected, Adapter adapter) => new(Stage.TaskAdaptation, expected.Model, adapter,
        expected.Golden.Set, null, new() { Kind = TaskKind.Classification, Metric = Metric.Accuracy }, new() { BatchSize = 4 }, 1);
}
