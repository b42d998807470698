using System.Text.Json;
using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Tests;

public sealed class MergedModelFacts : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory, MemberData(nameof(GoldenFacts.Cases), MemberType = typeof(GoldenFacts))]
    public void A_merged_model_computes_without_the_adapter_what_the_model_computed_with_it(string name, string @case)
    {
        using var golden = new GoldenModel(name);
        using var adapter = golden.PlaceAdapter(@case);
        MergedModel.Write(golden.Folder, golden.Model, adapter, _folder.Path, null);

        using var merged = golden.Open(_folder.Path);
        using var _ = no_grad();
        golden.AssertClose(golden.At(@case, "logits"), golden.Logits(merged), 4e-5, "logits"); // W + ΔW is rounded too
    }

    [Fact]
    public void Merging_twice_equals_merging_once()
    {
        using var golden = new GoldenModel("roberta-tiny");
        using var adapter = golden.PlaceAdapter("lora_drop_head");
        MergedModel.Write(golden.Folder, golden.Model, adapter, _folder.At("once"), null);
        MergedModel.Write(golden.Folder, golden.Model, adapter, _folder.At("twice"), null);
        MergedModel.Write(golden.Folder, golden.Model, adapter, _folder.At("twice"), null);
        Assert.Equal(File.ReadAllBytes(_folder.At("once", "model.safetensors")),
            File.ReadAllBytes(_folder.At("twice", "model.safetensors")));
    }

    [Fact]
    public void The_configuration_names_the_classes_and_the_kind_of_problem()
    {
        using var golden = new GoldenModel("roberta-tiny");
        using var adapter = golden.PlaceAdapter("lora_head");
        MergedModel.Write(golden.Folder, golden.Model, adapter, _folder.Path, ["no", "perhaps", "yes"]);
        var config = JsonDocument.Parse(File.ReadAllText(_folder.At("config.json"))).RootElement;
        Assert.Equal("perhaps", config.GetProperty("id2label").GetProperty("1").GetString());
        Assert.Equal(2, config.GetProperty("label2id").GetProperty("yes").GetInt32());
        Assert.Equal("single_label_classification", config.GetProperty("problem_type").GetString());
        Assert.Equal("RobertaForSequenceClassification", config.GetProperty("architectures")[0].GetString());
        Assert.Equal(200, config.GetProperty("vocab_size").GetInt32());
    }

    [Fact]
    public void A_regression_says_that_it_is_one()
    {
        using var golden = new GoldenModel("roberta-tiny-regression");
        using var adapter = golden.PlaceAdapter("lora_head");
        MergedModel.Write(golden.Folder, golden.Model, adapter, _folder.Path, null);
        var config = JsonDocument.Parse(File.ReadAllText(_folder.At("config.json"))).RootElement;
        Assert.Equal("regression", config.GetProperty("problem_type").GetString());
        Assert.Single(config.GetProperty("id2label").EnumerateObject());
    }

    [Fact]
    public void A_bare_encoder_is_merged_under_the_names_of_a_classifier()
    {
        using var golden = new GoldenModel("roberta-tiny");
        using var bare = new TestFolder();
        using (var file = SafeTensorsFile.Open(Path.Combine(golden.Folder, "model.safetensors")))
            SafeTensorsWriter.Write(bare.At("model.safetensors"),
                file.Names.Where(n => n.StartsWith("roberta.")).ToDictionary(n => n["roberta.".Length..], n => file.Read(n)));
        bare.Copy(Path.Combine(golden.Folder, "config.json"), "config.json");

        using var model = SequenceClassifier.Open(bare.Path, 3, 0, CPU);
        using var adapter = new Adapter(model, AdapterSites.Find(model, ["query"]),
            SharingPlan.OwnEverywhere(Enumerable.Range(0, 4).Select(layer => new Site("query", layer))), golden.Lora, trainHead: true, 0);
        MergedModel.Write(bare.Path, model, adapter, _folder.Path, null);
        using var merged = SafeTensorsFile.Open(_folder.At("model.safetensors"));
        Assert.All(merged.Names, name => Assert.True(name.StartsWith("roberta.") || name.StartsWith("classifier."), name));
    }

    [Fact]
    public void A_language_model_is_merged_in_shards_with_all_that_serving_needs()
    {
        using var golden = new GoldenModel("llama-tiny");
        using var adapter = golden.PlaceAdapter("lora_drop_nlg");
        foreach (var file in (string[])["config.json", "model.safetensors"]) File.Copy(Path.Combine(golden.Folder, file), Base(file));
        File.Copy(Path.Combine(RealData.Path("weights", "llama-stories260K"), "tokenizer.json"), Base("tokenizer.json"));
        MergedModel.Write(Path.GetDirectoryName(Base("x"))!, golden.Model, adapter, _folder.At("merged"), null, largestShard: 40_000);

        var index = JsonDocument.Parse(File.ReadAllText(_folder.At("merged", "model.safetensors.index.json"))).RootElement.GetProperty(
            "weight_map");
        Assert.True(index.EnumerateObject().Select(entry => entry.Value.GetString()).Distinct().Count() > 2);
        Assert.Contains("lm_head.weight", index.EnumerateObject().Select(entry => entry.Name));
        Assert.Equal(2, JsonDocument.Parse(File.ReadAllText(_folder.At("merged", "generation_config.json"))).RootElement.GetProperty(
            "eos_token_id").GetInt32());
        Assert.True(File.Exists(_folder.At("merged", "tokenizer.json")));
        using var merged = golden.Open(_folder.At("merged"));
        using var _ = no_grad();
        golden.AssertClose(golden.At("lora_drop_nlg", "logits"), golden.Logits(merged), 2e-5, "logits");
    }

    [Fact]
    public void Weights_keep_the_type_that_they_are_stored_in()
    {
        using var golden = new GoldenModel("llama-tiny");
        using var adapter = golden.PlaceAdapter("lora");
        using (var file = SafeTensorsFile.Open(Path.Combine(golden.Folder, "model.safetensors")))
        using (NewDisposeScope())
            SafeTensorsWriter.Write(Base("model.safetensors"),
                file.Names.ToDictionary(name => name, name => file.Read(name, ScalarType.BFloat16)));
        File.Copy(Path.Combine(golden.Folder, "config.json"), Base("config.json"));
        File.Copy(Path.Combine(RealData.Path("weights", "llama-stories260K"), "tokenizer.json"), Base("tokenizer.json"));
        MergedModel.Write(Path.GetDirectoryName(Base("x"))!, golden.Model, adapter, _folder.At("merged"), null);
        using var merged = SafeTensorsFile.Open(_folder.At("merged", "model.safetensors"));
        Assert.All(merged.Names, name => Assert.Equal("BF16", merged.TypeOf(name)));
        Assert.Equal("bfloat16",
            JsonDocument.Parse(File.ReadAllText(_folder.At("merged", "config.json"))).RootElement.GetProperty("torch_dtype").GetString());
    }

    private string Base(string file)
    {
        Directory.CreateDirectory(_folder.At("base"));
        return _folder.At("base", file);
    }
}
