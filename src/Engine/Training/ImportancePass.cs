using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Training;

/// <summary>Measures the output of each branch: one forward pass over the sample, without gradients or dropout. Sums are in float64;
/// padding is excluded.</summary>
public static class ImportancePass
{
    /// <summary>‖ΔWx‖² of every example at every site that has a branch (equation 2, before the sum over the sample).</summary>
    /// <param name="model">The model, with the branches trained.</param>
    /// <param name="sites">The target layers.</param>
    /// <param name="sample">D_s.</param>
    /// <param name="batchSize">Texts per batch.</param>
    /// <param name="cancel">Ends the pass.</param>
    /// <param name="sort">Whether the ranks of each LoRA are then sorted by what they put out, which changes no ΔW.</param>
    public static IReadOnlyList<OutputNorms> Over(FrozenModel model, IReadOnlyList<AdapterSite> sites, EncodedSet sample, int batchSize,
        CancellationToken cancel, bool sort = false)
    {
        using var _ = no_grad();
        using var outer = NewDisposeScope();
        var probes = sites.Where(site => site.Linear.Branch is not null).Select(site => new Probe(site, sample.Count)).ToArray();
        ObservedPass.Over(model, sample, batchSize, [.. probes.Select(probe => probe.Layer)], (batch, indices, real) =>
        {
            foreach (var probe in probes) probe.Watch(batch, indices, real);
        }, cancel);
        var tokens = sample.Lengths.Sum(n => (long)n);
        return [.. probes.Select(probe =>
        {
            var norms = new OutputNorms(probe.Site, probe.PerExample, tokens);
            if (!double.IsFinite(norms.G) || probe.Meter.Directions() is not { } directions) return norms;
            if (sort && probe.Layer.Branch is Lora lora) directions.Sort(lora.A, lora.B);
            return norms with { Energies = directions.Energies };
        })];
    }

    /// <summary>Observes the input of one site, and measures what its branch makes of it.</summary>
    private sealed class Probe(AdapterSite site, int examples)
    {
        public OutputMeter Meter { get; } = site.Linear.Branch!.Meter();

        public Site Site => site.Site;

        public Linear Layer => site.Linear;

        public double[] PerExample { get; } = new double[examples];

        public void Watch(TokenBatch batch, IReadOnlyList<int> indices, Tensor real) => Layer.Observer = x =>
        {
            using var scope = NewDisposeScope();
            var squares = Meter.Squares(x, Layer, real).view(batch.Mask.shape); // (B, T) = ‖ΔWx‖² of each token
            var sums = squares.sum(1).cpu().data<double>();                      // (B)
            foreach (var (row, index) in indices.Index()) PerExample[index] = sums[row];
        };
    }
}
