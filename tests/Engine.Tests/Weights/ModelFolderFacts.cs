using System.Text.Json;
using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Tests;

public sealed class ModelFolderFacts : IDisposable
{
    private const string Index = "model.safetensors.index.json", First = "model-00001-of-00002.safetensors",
        Second = "model-00002-of-00002.safetensors";

    private readonly TestFolder _folder = new();
    private readonly GoldenModel _golden = new("bert-tiny");
    private readonly Dictionary<string, Tensor> _weights;

    public ModelFolderFacts()
    {
        using var file = SafeTensorsFile.Open(Path.Combine(_golden.Folder, "model.safetensors"));
        _weights = file.Names.ToDictionary(name => name, name => file.Read(name));
        _folder.Copy(Path.Combine(_golden.Folder, "config.json"), "config.json");
    }

    public void Dispose()
    {
        _golden.Dispose();
        foreach (var weight in _weights.Values) weight.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void A_model_in_shards_computes_what_it_computes_in_one_file()
    {
        WriteShards();
        AssertSameLogits();
    }

    [Fact]
    public void TensorFlow_names_of_the_norms_are_understood()
    {
        Write(_weights.ToDictionary(w => w.Key.Replace("LayerNorm.weight", "LayerNorm.gamma").Replace("LayerNorm.bias", "LayerNorm.beta"),
            w => w.Value));
        AssertSameLogits();
    }

    [Fact]
    public void Names_without_the_prefix_of_the_model_are_understood()
    {
        Write(_weights.ToDictionary(w => w.Key.StartsWith("bert.") ? w.Key["bert.".Length..] : w.Key, w => w.Value));
        AssertSameLogits();
    }

    [Fact]
    public void A_head_for_another_number_of_classes_starts_fresh_from_the_seed()
    {
        Write(_weights);
        float[] Head(long seed)
        {
            using var model = SequenceClassifier.Open(_folder.Path, 5, seed, CPU);
            return model.TrainedHead[^1].Weight.data<float>().ToArray();
        }
        Assert.Equal(5 * 32, Head(1).Length);
        Assert.Equal(Head(1), Head(1));
        Assert.NotEqual(Head(1), Head(2));
    }

    [Fact]
    public void A_shard_that_is_not_there_is_refused_by_its_name()
    {
        WriteShards();
        File.Delete(_folder.At(Second));
        Assert.Equal(_folder.At(Second), Refusal().Path);
    }

    [Fact]
    public void A_shard_without_a_tensor_that_the_index_promises_is_refused()
    {
        WriteShards();
        SafeTensorsWriter.Write(_folder.At(Second), new Dictionary<string, Tensor>());
        Assert.Equal(_folder.At(Index), Refusal().Path);
        Assert.Contains($"is in {Second}, which does not hold it", Refusal().Message);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"weight_map": {"a": 3}}""")]
    [InlineData("""{"weight_map": {"a": null}}""")]
    [InlineData("""{"weight_map": {"a": "../x.safetensors"}}""")]
    public void An_index_that_is_none_is_refused(string json)
    {
        _folder.File(Index, json);
        Assert.Equal(_folder.At(Index), Refusal().Path);
    }

    [Fact]
    public void A_tensor_that_is_said_to_be_in_two_shards_is_refused_by_its_name()
    {
        WriteShards();
        var name = _weights.Keys.First();
        _folder.File(Index, File.ReadAllText(_folder.At(Index))
            .Replace("{\"weight_map\":{", $"{{\"weight_map\":{{\"{name}\":\"{Second}\","));
        Assert.Equal((_folder.At(Index), $"names '{name}' more than once: in {Second} and in {First}"),
            (Refusal().Path, Refusal().Message));
    }

    [Fact]
    public void A_pickle_is_never_read()
    {
        _folder.File("pytorch_model.bin", "");
        Assert.Equal(_folder.Path, Refusal().Path);
        Assert.Contains("a Python pickle only (pytorch_model.bin)", Refusal().Message);
    }

    [Fact]
    public void A_folder_without_weights_is_refused() => Assert.Contains("there is no model.safetensors", Refusal().Message);

    [Fact]
    public void A_weight_that_is_missing_is_refused_by_its_name()
    {
        _weights.Remove("bert.encoder.layer.2.attention.self.key.bias");
        Write(_weights);
        Assert.Contains("lack 'bert.encoder.layer.2.attention.self.key.bias'", Refusal().Message);
    }

    [Fact]
    public void A_weight_of_another_shape_is_refused_with_both_shapes()
    {
        _weights["bert.encoder.layer.2.intermediate.dense.weight"] = zeros(48, 32);
        Write(_weights);
        Assert.Equal(_folder.At("model.safetensors"), Refusal().Path);
        Assert.Contains("'bert.encoder.layer.2.intermediate.dense.weight' has shape [48, 32], but config.json asks for [64, 32]",
            Refusal().Message);
    }

    private Fault Refusal() =>
        Assert.Single(Assert.Throws<RefusedInputException>(() => SequenceClassifier.Open(_folder.Path, 3, 0, CPU)).Faults);

    private void Write(Dictionary<string, Tensor> weights) => SafeTensorsWriter.Write(_folder.At("model.safetensors"), weights);

    private void WriteShards()
    {
        var half = _weights.Count / 2;
        SafeTensorsWriter.Write(_folder.At(First), _weights.Take(half).ToDictionary());
        SafeTensorsWriter.Write(_folder.At(Second), _weights.Skip(half).ToDictionary());
        _folder.File(Index,
            JsonSerializer.Serialize(new { weight_map = _weights.Keys.Index()
            .ToDictionary(w => w.Item, w => w.Index < half ? First : Second) }));
    }

    private void AssertSameLogits()
    {
        using var model = SequenceClassifier.Open(_folder.Path, 3, 0, CPU);
        using var _ = no_grad();
        Assert.Equal(_golden.Logits().data<float>().ToArray(), model.Forward(_golden.Batch).data<float>().ToArray());
    }
}
