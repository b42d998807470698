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

        using var merged = SequenceClassifier.Open(_folder.Path, golden.Model.Classes, 0, CPU);
        using var _ = no_grad();
        GoldenModel.AssertClose(golden.At(@case, "logits"), merged.Forward(golden.Batch), 2e-5, "logits");
    }

    [Fact]
    public void Merging_twice_equals_merging_once()
    {
        using var golden = new GoldenModel("roberta-tiny");
        using var adapter = golden.PlaceAdapter("lora_drop_head");
        MergedModel.Write(golden.Folder, golden.Model, adapter, _folder.At("once"), null);
        MergedModel.Write(golden.Folder, golden.Model, adapter, _folder.At("twice"), null);
        MergedModel.Write(golden.Folder, golden.Model, adapter, _folder.At("twice"), null);
        Assert.Equal(File.ReadAllBytes(_folder.At("once", "model.safetensors")), File.ReadAllBytes(_folder.At("twice", "model.safetensors")));
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
            SafeTensorsWriter.Write(bare.At("model.safetensors"), file.Names.Where(n => n.StartsWith("roberta.")).ToDictionary(n => n["roberta.".Length..], n => file.Read(n)));
        bare.Copy(Path.Combine(golden.Folder, "config.json"), "config.json");

        using var model = SequenceClassifier.Open(bare.Path, 3, 0, CPU);
        using var adapter = new Adapter(model, AdapterSites.Find(model, ["query"]), SharingPlan.OwnEverywhere(Enumerable.Range(0, 4).Select(layer => new Site("query", layer))), golden.Lora, trainHead: true, 0);
        MergedModel.Write(bare.Path, model, adapter, _folder.Path, null);
        using var merged = SafeTensorsFile.Open(_folder.At("model.safetensors"));
        Assert.All(merged.Names, name => Assert.True(name.StartsWith("roberta.") || name.StartsWith("classifier."), name));
    }
}
