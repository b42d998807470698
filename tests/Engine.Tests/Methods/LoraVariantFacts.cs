using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Tests;

/// <summary>What people use LoRA with, against PEFT.</summary>
public sealed class LoraVariantFacts
{
    public static TheoryData<string, string> Cases =>
        [.. from model in (string[])["roberta-tiny", "llama-tiny"]
            from @case in (string[])["rslora", "pissa", "olora"] select (model, @case)];

    [Theory, MemberData(nameof(Cases))]
    public void A_variant_gives_the_logits_gradients_and_AdamW_steps_of_PEFT(string model, string @case)
    {
        using var expected = new MethodCase(model, @case);
        using var adapter = Place(expected, Settings(@case));
        adapter.Load(expected.Initial, @case);
        expected.AssertReproduced(adapter.Parameters);
    }

    [Theory]
    [InlineData("roberta-tiny", "pissa")]
    [InlineData("roberta-tiny", "olora")]
    [InlineData("llama-tiny", "pissa")]
    [InlineData("llama-tiny", "olora")]
    public void A_start_from_the_weight_is_the_product_of_PEFTs(string model, string @case)
    {
        using var expected = new MethodCase(model, @case);
        using var adapter = Place(expected, Settings(@case));
        foreach (var name in expected.Trainable.Where(name => name.EndsWith("lora_A.weight", StringComparison.Ordinal)))
        {
            using var scope = NewDisposeScope();
            var other = name.Replace("lora_A", "lora_B");
            MethodCase.AssertClose(expected.Initial[other].mm(expected.Initial[name]), // the signs of singular vectors are the library's
                adapter.Parameters[other].mm(adapter.Parameters[name]), 1e-5, name);
        }
    }

    [Fact]
    public void LoRA_plus_gives_B_a_rate_of_its_own()
    {
        using var expected = new MethodCase("roberta-tiny", "lora_plus");
        using var adapter = Place(expected, new LoraSettings { Rank = 4, Alpha = 8, PlusRatio = 16 }, head: true);
        Assert.Equal([1e-3, 16e-3], adapter.Rates(1e-3, 1e-3).Take(2).Select(range => range.Rate));
        Assert.Equal(adapter.Parameters.Values.numel(), adapter.Rates(1e-3, 1e-3).Sum(range => range.Count));
    }

    private static LoraSettings Settings(string @case) => @case switch
    {
        "rslora" => new() { Rank = 4, Alpha = 8, RankStabilised = true },
        "pissa" => new() { Rank = 4, Alpha = 8, Start = LoraStart.Pissa },
        _ => new() { Rank = 4, Alpha = 8, Start = LoraStart.Olora },
    };

    private static Adapter Place(MethodCase expected, LoraSettings settings, bool head = false)
    {
        var sites = AdapterSites.Find(expected.Model, ["q", "v"]);
        return new(expected.Model, sites, SharingPlan.OwnEverywhere(sites.Select(site => site.Site)), settings, head, 0);
    }
}
