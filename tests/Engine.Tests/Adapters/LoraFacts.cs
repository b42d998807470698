using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Tests;

public sealed class LoraFacts
{
    [Theory, MemberData(nameof(GoldenFacts.Models), MemberType = typeof(GoldenFacts))]
    public void An_untrained_adapter_changes_nothing(string name)
    {
        using var golden = new GoldenModel(name);
        using var _ = no_grad();
        var before = Bits(golden.Logits());
        using var adapter = new Adapter(golden.Model, AdapterSites.All(golden.Model),
            SharingPlan.OwnEverywhere(AdapterSites.All(golden.Model).Select(s => s.Site)), golden.Lora, trainHead: true, 1);
        Assert.Equal(before, Bits(golden.Logits()));
    }

    [Fact]
    public void An_adapter_that_is_taken_off_leaves_the_model_as_it_was()
    {
        using var golden = new GoldenModel("roberta-tiny");
        using var _ = no_grad();
        var before = Bits(golden.Logits());
        golden.PlaceAdapter("lora_drop_head").Dispose();
        Assert.Equal(before, Bits(golden.Logits()));
    }

    [Fact]
    public void A_shared_pair_is_one_tensor_and_its_gradient_the_sum_over_its_users()
    {
        using var golden = new GoldenModel("roberta-tiny");
        using var shared = golden.PlaceAdapter("lora_drop");
        golden.Loss().backward();
        var together = shared.Parameters.GradientOf("shared.query.lora_A.weight").clone();
        var expanded = shared.Expanded().ToDictionary(t => t.Key, t => t.Value.detach().clone());
        shared.Dispose();

        using var apart = new Adapter(golden.Model, golden.Sites, SharingPlan.OwnEverywhere(golden.Sites.Select(s => s.Site)), golden.Lora,
            trainHead: false, 0);
        apart.Load(expanded, "expanded");
        golden.Loss().backward();
        Tensor Of(int layer) =>
            apart.Parameters.GradientOf($"base_model.model.roberta.encoder.layer.{layer}.attention.self.query.lora_A.weight");
        var sum = Of(0).Plus(Of(2));
        Assert.True((together - sum).abs().max().item<float>() <= 1e-7 + 1e-5 * sum.abs().max().item<float>(),
            "the gradient of the shared A is not the sum over layers 0 and 2");
    }

    [Fact]
    public void A_pair_starts_the_same_whoever_else_has_one()
    {
        using var golden = new GoldenModel("roberta-tiny");
        float[] Start(SharingPlan plan)
        {
            using var adapter = new Adapter(golden.Model, golden.Sites, plan, golden.Lora, trainHead: false, 7);
            return Bits(adapter.Parameters["base_model.model.roberta.encoder.layer.1.attention.self.value.lora_A.weight"]);
        }
        Assert.Equal(Start(golden.Plan("lora")), Start(golden.Plan("lora_drop")));
    }

    [Fact]
    public void A_rank_above_the_width_of_a_layer_is_refused()
    {
        using var golden = new GoldenModel("roberta-tiny");
        var refused = Assert.Throws<RefusedInputException>(() =>
            new Adapter(golden.Model, golden.Sites, golden.Plan("lora"), new LoraSettings { Rank = 33 }, trainHead: false, 0));
        Assert.Equal("lora.rank", Assert.Single(refused.Faults).Path);
    }

    [Fact]
    public void Targets_that_match_no_layer_are_refused_by_their_place_and_told_what_there_is()
    {
        using var golden = new GoldenModel("roberta-tiny");
        var refused = Assert.Throws<RefusedInputException>(() => AdapterSites.Find(golden.Model, ["query", "gate_proj", "uery"]));
        Assert.Equal(["lora.targets[1]", "lora.targets[2]"], refused.Faults.Select(f => f.Path));
        Assert.Contains("query, key, value, attention.output.dense, intermediate.dense, output.dense", refused.Message);
    }

    private static float[] Bits(Tensor tensor) => tensor.detach().data<float>().ToArray();
}
