using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Tests;

public sealed class ModelInspectionFacts : IDisposable
{
    private const string GitLfs = "version https://git-lfs.github.com/spec/v1\n"
        + "oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n";

    private readonly TinyTask _task = new();

    public void Dispose() => _task.Dispose();

    [Fact]
    public void A_model_is_described_by_its_files()
    {
        var model = ModelInspection.Read(_task.Model);
        Assert.Equal(("roberta", null, 3, 16, 2, 300, 38),
            (model.Family, model.Architecture, model.Layers, model.Hidden, model.Heads, model.Vocabulary, model.LongestText));
        Assert.Equal("F32", model.WeightsType);
        Assert.Equal(["config.json", "merges.txt", "model.safetensors", "special_tokens_map.json", "tokenizer.json",
            "tokenizer_config.json", "vocab.json"], model.Files.Select(file => file.Name));
        Assert.Equal([("query", 16, 16), ("key", 16, 16), ("value", 16, 16), ("attention.output.dense", 16, 16),
            ("intermediate.dense", 16, 32), ("output.dense", 32, 16)], model.Modules.Select(m => (m.Type, m.In, m.Out)));
    }

    [Theory]
    [InlineData(EncoderFamily.Bert)]
    [InlineData(EncoderFamily.Roberta)]
    public void The_tensors_that_it_looks_for_are_those_that_the_encoder_takes(EncoderFamily family)
    {
        var config = EncoderConfig.RobertaBase with { Family = family, Layers = 2, Hidden = 16, Heads = 2, Intermediate = 24,
            VocabularySize = 40, Positions = 12, TokenTypes = 2 };
        var taken = new Recorder();
        _ = new Models.Encoder(config, taken, new());
        Assert.Equal(taken.Shapes.Order(), config.Tensors.Select(tensor => Recorder.Line(tensor.Name, tensor.Shape)).Order());
    }

    [Fact]
    public void Its_modules_are_those_that_a_run_finds()
    {
        using var model = SequenceClassifier.Open(_task.Model, 2, 0, CPU);
        Assert.Equal(AdapterSites.All(model).Select(s => (s.Site.Type, s.Linear.Path, s.Linear.In, s.Linear.Out)),
            ModelInspection.Read(_task.Model).EveryModule.Select(m => (m.Type, m.Path, m.In, m.Out)));
    }

    [Fact]
    public void The_digest_is_that_of_the_files_that_are_read()
    {
        var lines = Directory.GetFiles(_task.Model)
            .Select(file => $"{Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(file)))}  {Path.GetFileName(file)}\n")
            .Order(StringComparer.Ordinal);
        var digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Concat(lines))));
        Assert.Equal(digest, ModelInspection.Read(_task.Model).Sha256);
        File.WriteAllText(Path.Combine(_task.Model, "README.md"), "not read");
        Assert.Equal(digest, ModelFolder.Digest(_task.Model));
        File.AppendAllText(Path.Combine(_task.Model, "config.json"), "\n");
        Assert.NotEqual(digest, ModelFolder.Digest(_task.Model));
    }

    [Theory]
    [InlineData("config.json", "config.json not found in the model folder")]
    [InlineData("tokenizer.json", "merges.txt: the file is missing")]
    [InlineData("model.safetensors", "there is no model.safetensors")]
    public void What_is_missing_is_refused(string name, string message)
    {
        File.Delete(Path.Combine(_task.Model, name));
        File.Delete(Path.Combine(_task.Model, "merges.txt")); // else it would do in place of tokenizer.json
        Assert.Contains(message, Refused().Message);
    }

    [Fact]
    public void A_pickle_is_refused()
    {
        File.Move(Path.Combine(_task.Model, "model.safetensors"), Path.Combine(_task.Model, "pytorch_model.bin"));
        Assert.Contains("the weights are a Python pickle only (pytorch_model.bin)", Refused().Message);
    }

    [Fact]
    public void Weights_that_are_no_safetensors_are_refused()
    {
        File.WriteAllText(Path.Combine(_task.Model, "model.safetensors"), "<!DOCTYPE html><title>Not found</title>");
        Assert.Contains("not a safetensors file", Refused().Message);
    }

    [Theory]
    [InlineData("config.json")]
    [InlineData("model.safetensors")]
    [InlineData("tokenizer.json")]
    [InlineData("tokenizer.json", "model.safetensors", "merges.txt")]
    public void Files_that_git_lfs_has_not_fetched_are_named_as_that_all_at_once(params string[] names)
    {
        foreach (var name in names) File.WriteAllText(Path.Combine(_task.Model, name), GitLfs);
        var faults = Refused().Faults;
        Assert.Equal(names.Order(StringComparer.Ordinal), faults.Select(fault => Path.GetFileName(fault.Path)));
        Assert.All(faults, fault => Assert.StartsWith("is a git-lfs pointer and not the file itself. Run 'git lfs pull'", fault.Message));
    }

    [Fact]
    public void Files_that_nobody_reads_need_not_be_fetched()
    {
        File.WriteAllText(Path.Combine(_task.Model, "pytorch_model.bin"), GitLfs);
        Assert.Equal("roberta", ModelInspection.Read(_task.Model).Family);
    }

    [Theory]
    [InlineData(ScalarType.Float32, float.NaN)]
    [InlineData(ScalarType.Float16, float.PositiveInfinity)]
    [InlineData(ScalarType.BFloat16, float.NaN)]
    [InlineData(ScalarType.Float32, float.NegativeInfinity)]
    public void A_weight_that_is_no_number_is_named_with_its_place_before_anything_trains(ScalarType type, float other)
    {
        const string Name = "roberta.encoder.layer.1.output.dense.weight";
        var path = Path.Combine(_task.Model, "model.safetensors");
        Dictionary<string, Tensor> weights;
        using (var file = SafeTensorsFile.Open(path)) weights = file.Names.ToDictionary(name => name, name => file.Read(name, type));
        weights[Name][3, 17] = other;
        SafeTensorsWriter.Write(path, weights);
        var fault = $"tensor '{Name}' holds a number that is NaN or infinite, at [3, 17]: the file is damaged";
        Assert.StartsWith(fault, Assert.Single(Refused().Faults).Message);
        Assert.StartsWith(fault, Assert.Throws<RefusedInputException>(() => _task.Run(_task.Request(), _task.Out())).Faults[0].Message);
    }

    [Fact]
    public void Every_tensor_that_does_not_fit_the_configuration_is_named()
    {
        Configure("intermediate_size", 48);
        var refused = Refused();
        Assert.Equal(3 * 3, refused.Faults.Count); // two weights and a bias in each layer
        Assert.Contains("tensor 'roberta.encoder.layer.2.output.dense.weight' has shape [16, 32], but config.json asks for [16, 48]",
            refused.Message);
        Configure("num_hidden_layers", 9);
        Assert.EndsWith("more", Refused().Faults[20].Message);
    }

    [Fact]
    public void A_tokenizer_of_another_model_is_refused()
    {
        Configure("vocab_size", 100);
        Assert.Contains("they do not belong together", Refused().Message);
    }

    [Fact]
    public void Facts_can_be_stored()
    {
        var json = JsonText.Of(ModelInspection.Read(_task.Model));
        Assert.Equal(json, JsonText.Of(JsonSerializer.Deserialize<ModelSummary>(json, JsonText.Options)));
        Assert.DoesNotContain("everyModule", json);
    }

    [Fact]
    public void A_published_model_is_described_as_its_card_does()
    {
        var model = ModelInspection.Read(RealData.Path("weights", "roberta-mini-en"));
        Assert.Equal(("roberta", "RobertaForMaskedLM", 192, 8192, 256),
            (model.Family, model.Architecture, model.Hidden, model.Vocabulary, model.LongestText));
        Assert.Equal(5_181_888, model.Parameters);
    }

    [Fact]
    public void Of_a_decoder_it_is_known_whether_it_can_answer_and_lay_out_conversations()
    {
        using var task = new TinyTask(generates: true);
        var (folder, weights) = (task.Model, Path.Combine(task.Model, "model.safetensors"));
        var whole = ModelInspection.Read(folder);
        Assert.Equal((true, false), (whole.OutputLayer, whole.ChatTemplate));
        Assert.Equal(whole.Parameters, ModelInspection.OfConfig(folder).Parameters);
        File.WriteAllText(Path.Combine(folder, "chat_template.jinja"), "{{ messages[0]['content'] }}");
        var config = (DecoderConfig)ModelConfig.Read(folder);
        WithoutOutput(weights, replacement: null);
        var headless = ModelInspection.Read(folder);
        Assert.Equal((false, true), (headless.OutputLayer, headless.ChatTemplate));
        Assert.Equal((long)config.VocabularySize * config.Hidden, whole.Parameters - headless.Parameters);
        WithoutOutput(weights, replacement: [config.VocabularySize + 1, config.Hidden]);
        Assert.Contains($"tensor 'lm_head.weight' has shape [{config.VocabularySize + 1}, {config.Hidden}], but config.json "
            + $"asks for [{config.VocabularySize}, {config.Hidden}]",
            Assert.Throws<RefusedInputException>(() => ModelInspection.Read(folder)).Message);
    }

    [Fact]
    public void Sizes_are_counted_by_config_json_alone()
    {
        using var folder = new TestFolder();
        File.WriteAllText(folder.At("config.json"),
            """{"model_type": "llama", "vocab_size": 32000, "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32, "intermediate_size": 11008, "max_position_embeddings": 4096}""");
        Assert.Equal(6_738_415_616, ModelInspection.OfConfig(folder.At("")).Parameters);
    }

    /// <summary>The weights without their output layer, or with one of another shape.</summary>
    private static void WithoutOutput(string path, long[]? replacement)
    {
        using var scope = NewDisposeScope();
        Dictionary<string, Tensor> tensors;
        using (var file = SafeTensorsFile.Open(path)) tensors = file.Names.Where(name => name != "lm_head.weight")
            .ToDictionary(name => name, name => file.Read(name));
        if (replacement is not null) tensors["lm_head.weight"] = zeros(replacement);
        SafeTensorsWriter.Write(path, tensors);
    }

    private RefusedInputException Refused() => Assert.Throws<RefusedInputException>(() => ModelInspection.Read(_task.Model));

    private void Configure(string field, int value)
    {
        var path = Path.Combine(_task.Model, "config.json");
        var config = JsonNode.Parse(File.ReadAllText(path))!;
        config[field] = value;
        File.WriteAllText(path, config.ToJsonString());
    }

    /// <summary>Random weights, and a note of which were asked for.</summary>
    private sealed class Recorder : IWeights
    {
        private readonly RandomWeights _random = new(7);

        public List<string> Shapes { get; } = [];

        public bool Contains(string name) => false;

        public long[] ShapeOf(string name) => throw new KeyNotFoundException(name);

        public Tensor Take(string name, params long[] shape)
        {
            Shapes.Add(Line(name, shape));
            return _random.Take(name, shape);
        }

        public static string Line(string name, long[] shape) => $"{name} [{string.Join(", ", shape)}]";
    }
}
