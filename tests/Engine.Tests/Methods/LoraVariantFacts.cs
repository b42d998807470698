using System.Text.Json;
using System.Text.Json.Nodes;
using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Tests;

/// <summary>What people use LoRA with, against PEFT.</summary>
public sealed class LoraVariantFacts
{
    public static TheoryData<string, string> Cases =>
        [.. from model in (string[])["roberta-tiny", "llama-tiny"]
            from @case in (string[])["rslora", "pissa", "olora", "lora_patterns", "rslora_patterns", "lora_modules_to_save",
                "lora_all_linear", "lora_layers_to_transform"] select (model, @case),
            ("roberta-tiny", "lora_modules_to_save_named_head"), ("roberta-tiny", "lora_bias_all"), ("roberta-tiny", "lora_bias_lora_only"),
            ("llama-tiny", "lora_modules_to_save_embed")];

    [Theory, MemberData(nameof(Cases))]
    public void A_variant_gives_the_logits_gradients_and_AdamW_steps_of_PEFT(string model, string @case)
    {
        using var expected = new MethodCase(model, @case);
        using var adapter = Place(expected, Settings(@case, model), Targets(@case, model), head: Head(@case, model));
        adapter.Load(expected.Initial, @case);
        Assert.Equal(expected.Trainable.Order(), adapter.Parameters.Names.Order());
        expected.AssertReproduced(adapter.Parameters);
    }

    /// <summary>PEFT's folders, each with the logits that PEFT itself computes from it.</summary>
    [Theory]
    [InlineData("roberta-tiny", "lora_bias_all")]
    [InlineData("roberta-tiny", "lora_modules_to_save")]
    [InlineData("roberta-tiny", "lora_modules_to_save_named_head")]
    [InlineData("roberta-tiny", "lora_patterns")]
    [InlineData("llama-tiny", "lora_patterns")]
    [InlineData("llama-tiny", "lora_modules_to_save")]
    [InlineData("llama-tiny", "lora_modules_to_save_embed")]
    public void A_folder_of_PEFT_gives_the_logits_that_PEFT_computes_from_it_and_so_does_what_is_written_of_it(string model, string @case)
    {
        using var expected = new MethodCase(model, @case);
        using var written = new TestFolder();
        using (var adapter = PeftAdapter.Read(Path.Combine(expected.Folder, $"adapter_{@case}"), expected.Model))
        {
            expected.AssertLogits(expected.ReloadedLogits, "logits");
            PeftAdapter.Write(written.Path, expected.Model, adapter, ["q", "v"], model);
        }
        using (PeftAdapter.Read(written.Path, expected.Model)) expected.AssertLogits(expected.ReloadedLogits, "logits of what was written");
    }

    /// <summary>PEFT sorts the patterns of a file, after which another may come first; and it does not save the biases of
    /// lora_only.</summary>
    [Theory]
    [InlineData("roberta-tiny", "lora_patterns")]
    [InlineData("llama-tiny", "lora_patterns")]
    [InlineData("roberta-tiny", "rslora_patterns")]
    [InlineData("roberta-tiny", "lora_bias_lora_only")]
    [InlineData("roberta-tiny", "lora_bias_all")]
    public void What_PEFT_loses_when_it_saves_is_in_the_folder_that_is_written(string model, string @case)
    {
        using var expected = new MethodCase(model, @case);
        using var folder = new TestFolder();
        using (var adapter = Place(expected, Settings(@case, model), Targets(@case, model)))
        {
            adapter.Load(expected.AfterAdamW, @case);
            PeftAdapter.Write(folder.Path, expected.Model, adapter, ["q", "v"], model);
        }
        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(folder.Path, PeftAdapter.ConfigFile)))!;
        Assert.Equal(@case.Contains("bias") ? "all" : "none", config["bias"]!.GetValue<string>());
        foreach (var field in (string[])["rank_pattern", "alpha_pattern"])
            Assert.All(config[field]!.AsObject(), size => Assert.Single(
                AdapterSites.All(expected.Model), site => LayerPattern.Matches(size.Key, site.Linear.Path)));
        using (PeftAdapter.Read(folder.Path, expected.Model)) expected.AssertLogits(expected.LogitsAfter, "logits after training");
    }

    [Theory]
    [InlineData("roberta-tiny", "lora_patterns")]
    [InlineData("roberta-tiny", "lora_bias_lora_only")]
    [InlineData("roberta-tiny", "lora_bias_all")]
    [InlineData("roberta-tiny", "lora_modules_to_save")]
    [InlineData("llama-tiny", "lora_modules_to_save")]
    public void A_merged_model_has_what_was_trained_beside_LoRA(string model, string @case)
    {
        using var expected = new MethodCase(model, @case);
        using var folder = new TestFolder();
        using var adapter = Place(expected, Settings(@case, model), Targets(@case, model), head: Head(@case, model));
        adapter.Load(expected.AfterAdamW, @case);
        MergedModel.Write(expected.Golden.Folder, expected.Model, adapter, folder.Path, null);
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        using var merged = expected.Golden.Open(folder.Path);
        var real = expected.LogitsAfter.dim() == 3 ? expected.Golden.Batch.Mask.unsqueeze(-1) : ones(1); // not what stands at padding
        MethodCase.AssertClose(expected.LogitsAfter * real, expected.Golden.Logits(merged) * real, MethodCase.LogitBound, "logits");
    }

    [Fact]
    public void Biases_of_lora_only_that_PEFT_has_not_saved_are_missed()
    {
        using var expected = new MethodCase("roberta-tiny", "lora_bias_lora_only");
        Assert.EndsWith("bias", Assert.Single(Assert.Throws<RefusedInputException>(() =>
            PeftAdapter.Read(Path.Combine(expected.Folder, "adapter_lora_bias_lora_only"), expected.Model)).Faults).Path);
    }

    [Theory]
    [InlineData("roberta-tiny", "pissa")]
    [InlineData("roberta-tiny", "olora")]
    [InlineData("llama-tiny", "pissa")]
    [InlineData("llama-tiny", "olora")]
    public void A_start_from_the_weight_is_the_product_of_PEFTs(string model, string @case)
    {
        using var expected = new MethodCase(model, @case);
        using var adapter = Place(expected, Settings(@case, model), ["q", "v"]);
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
        using var adapter = Place(expected, new LoraSettings { Rank = 4, Alpha = 8, PlusRatio = 16 }, ["q", "v"], head: true);
        Assert.Equal([1e-3, 16e-3], adapter.Rates(1e-3, 1e-3).Take(2).Select(range => range.Rate));
        Assert.Equal(adapter.Parameters.Values.numel(), adapter.Rates(1e-3, 1e-3).Sum(range => range.Count));
    }

    private static LoraSettings Settings(string @case, string model)
    {
        var lora = new LoraSettings { Rank = 4, Alpha = 8, RankStabilised = @case.StartsWith("rslora") ? true : null };
        return @case switch
        {
            "pissa" => lora with { Start = LoraStart.Pissa },
            "olora" => lora with { Start = LoraStart.Olora },
            "lora_patterns" or "rslora_patterns" => Patterned(lora, @case, model),
            "lora_bias_all" => lora with { Bias = LoraBias.All },
            "lora_bias_lora_only" => lora with { Bias = LoraBias.LoraOnly },
            "lora_modules_to_save" => lora with { ModulesToSave = model == "roberta-tiny" ? ["LayerNorm"] : ["lm_head", "model.norm"] },
            "lora_modules_to_save_embed" => lora with { ModulesToSave = ["embed_tokens"] },
            "lora_modules_to_save_named_head" => lora with { ModulesToSave = ["classifier"] },
            _ => lora,
        };
    }

    private static LoraSettings Patterned(LoraSettings lora, string @case, string model)
    {
        using var expected = new MethodCase(model, @case);
        OrderedDictionary<string, T> Read<T>(string field, Func<JsonElement, T> value) =>
            new(expected.Json.GetProperty("patterns_in_order").GetProperty(field).EnumerateArray()
                .Select(pattern => KeyValuePair.Create(pattern[0].GetString()!, value(pattern[1]))));
        return lora with
        {
            RankPattern = Read("rank_pattern", rank => rank.GetInt32()), AlphaPattern = Read("alpha_pattern", alpha => alpha.GetDouble()),
        };
    }

    private static string[] Targets(string @case, string model) => @case switch
    {
        "lora_all_linear" => ["all-linear"],
        "lora_layers_to_transform" when model == "roberta-tiny" =>
            ["layer.1.attention.self.query", "layer.1.attention.self.value", "layer.3.attention.self.query",
                "layer.3.attention.self.value"],
        "lora_layers_to_transform" => ["layers.1.self_attn.q_proj", "layers.1.self_attn.v_proj", "layers.3.self_attn.q_proj",
            "layers.3.self_attn.v_proj"],
        _ => ["q", "v"],
    };

    private static bool Head(string @case, string model) =>
        model == "roberta-tiny" && (@case.StartsWith("lora_modules_to_save") || @case == "lora_all_linear");

    private static Adapter Place(MethodCase expected, LoraSettings settings, string[] targets, bool head = false)
    {
        var sites = AdapterSites.Find(expected.Model, targets);
        return new(expected.Model, sites, SharingPlan.OwnEverywhere(sites.Select(site => site.Site)), settings, head, 0);
    }
}
