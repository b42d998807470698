using System.Text.Json;
using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Tests;

/// <summary>Stage 1 against reference sums of ‖ΔWx‖² (Golden/README.md).</summary>
public sealed class ImportanceGoldenFacts
{
    private const double Relative = 1e-6;

    public static TheoryData<string, string> Cases =>
        [.. from model in GoldenFacts.Models.Select(m => m.Data) from @case in (string[])["lora", "lora_drop"] select (model, @case),
            ("llama-tiny", "lora_nlg")];

    [Theory, MemberData(nameof(Cases))]
    public void Each_layer_puts_out_the_sum_of_squares_of_the_reference(string name, string @case)
    {
        using var golden = new GoldenModel(name);
        using var adapter = golden.PlaceAdapter(@case);
        var norms = Measured(golden);
        foreach (var type in Types(golden, @case))
        {
            var expected = golden.At(@case, "importance", "non_padding", type);
            foreach (var (layer, g) in Numbers(expected.GetProperty("g_scaled")).Index())
                AssertRelative(g, norms.Single(n => n.Site == new Site(type, layer)).G);
            var scale = Math.Pow(golden.Lora.Alpha / golden.Lora.Rank, 2);
            foreach (var (example, g) in Numbers(expected.GetProperty("g_per_example_layer0")).Index())
                AssertRelative(scale * g, norms.Single(n => n.Site == new Site(type, 0)).PerExample[example]);
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public void Importance_and_the_layers_kept_at_each_threshold_are_those_of_the_reference(string name, string @case)
    {
        using var golden = new GoldenModel(name);
        using var adapter = golden.PlaceAdapter(@case);
        var g = Measured(golden).ToDictionary(n => n.Site, n => n.G);
        foreach (var type in Types(golden, @case))
            AssertRanked(golden.At(@case, "importance", "non_padding", type), Of(Importance.Of(g, ImportanceScope.PerType), type));
        var joint = Importance.Of(g, ImportanceScope.Joint);
        foreach (var type in Types(golden, @case))
            AssertRanked(golden.At(@case, "importance", "non_padding", "all_modules_of_a_layer"), Of(joint, type));
    }

    [Theory, MemberData(nameof(Cases))]
    public void The_Gram_matrix_gives_the_same_as_forming_every_output(string name, string @case)
    {
        using var golden = new GoldenModel(name);
        using var adapter = golden.PlaceAdapter(@case);
        var direct = new Dictionary<Site, double>();
        foreach (var site in golden.SitesOf(@case))
            site.Linear.Observer = x =>
            {
                using var scope = NewDisposeScope();
                var lora = (Lora)site.Linear.Branch!;
                var Ax = nn.functional.linear(x, lora.A).to(ScalarType.Float64); // (BT, r)
                var dWx = nn.functional.linear(Ax, lora.B.to(ScalarType.Float64)).Times(lora.Scale); // (BT, k)
                direct[site.Site] = (dWx.Squared().sum(-1) * golden.Batch.Mask.flatten()).sum().item<double>();
            };
        using (no_grad()) golden.Logits();
        foreach (var norms in Measured(golden)) AssertRelative(direct[norms.Site], norms.G);
    }

    [Fact]
    public void Padding_does_not_count()
    {
        using var golden = new GoldenModel("roberta-tiny");
        using var adapter = golden.PlaceAdapter("lora");
        var together = ImportancePass.Over(golden.Model, golden.Sites, golden.Set, golden.Set.Count, CancellationToken.None);
        // each text by itself has no padding
        var alone = ImportancePass.Over(golden.Model, golden.Sites, golden.Set, 1, CancellationToken.None);
        foreach (var (padded, bare) in together.Zip(alone))
            foreach (var (a, b) in padded.PerExample.Zip(bare.PerExample)) AssertRelative(b, a);
        Assert.Equal(33, together[0].Tokens);
    }

    [Fact]
    public void A_layer_without_a_LoRA_is_not_measured()
    {
        using var golden = new GoldenModel("roberta-tiny");
        using var adapter = new Adapter(golden.Model, golden.Sites,
            SharingPlan.Only(golden.Sites.Select(s => s.Site), new HashSet<Site> { new("value", 2) }), golden.Lora, trainHead: false, 0);
        Assert.Equal([new Site("value", 2)], Measured(golden).Select(n => n.Site));
    }

    [Fact]
    public void Nobody_looks_in_any_more_after_the_pass_even_a_cancelled_one()
    {
        using var golden = new GoldenModel("roberta-tiny");
        using var adapter = golden.PlaceAdapter("lora");
        Assert.Throws<OperationCanceledException>(() =>
            ImportancePass.Over(golden.Model, golden.Sites, golden.Set, 2, new CancellationToken(canceled: true)));
        Assert.All(golden.Sites, site => Assert.Null(site.Linear.Observer));
    }

    private static IEnumerable<string> Types(GoldenModel golden, string @case) =>
        golden.SitesOf(@case).Select(site => site.Site.Type).Distinct();

    private static IReadOnlyList<OutputNorms> Measured(GoldenModel golden) =>
        ImportancePass.Over(golden.Model, AdapterSites.All(golden.Model), golden.Set, golden.Set.Count, CancellationToken.None);

    private static double[] Of(IReadOnlyDictionary<Site, double> importance, string type) =>
        [.. importance.Where(i => i.Key.Type == type).OrderBy(i => i.Key.Layer).Select(i => i.Value)];

    private static double[] Numbers(JsonElement array) => [.. array.EnumerateArray().Select(n => n.GetDouble())];

    private static void AssertRanked(JsonElement expected, double[] importance)
    {
        foreach (var (reference, I) in Numbers(expected.GetProperty("importance")).Zip(importance)) AssertRelative(reference, I);
        foreach (var selected in expected.GetProperty("selected").EnumerateObject())
            Assert.Equal(selected.Value.EnumerateArray().Select(l => l.GetInt32()),
                Retention.Kept(importance, double.Parse(selected.Name)));
    }

    private static void AssertRelative(double expected, double actual) => Assert.Equal(expected, actual, Relative * Math.Abs(expected));
}
