using System.Text.Json.Nodes;
using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Tests;

/// <summary>Adapter folders against the ones that PEFT wrote (Golden/README.md).</summary>
public sealed class PeftAdapterFacts : IDisposable
{
    private readonly TestFolder _folder = new();

    public static TheoryData<string, string> PeftFolders =>
    [
        .. from model in (string[])["roberta-tiny", "roberta-tiny-regression", "bert-tiny"] from @case in (string[])["lora", "lora_drop",
        "lora_head"] select (model, @case),
        ("llama-tiny", "lora"), ("llama-tiny", "lora_drop"), ("llama-tiny", "lora_nlg"), ("llama-tiny-classifier", "lora_head"),
    ];

    public void Dispose() => _folder.Dispose();

    [Theory, MemberData(nameof(PeftFolders))]
    public void The_tensors_written_are_those_that_PEFT_writes(string name, string @case)
    {
        using var golden = Written(name, @case);
        using var theirs = SafeTensorsFile.Open(Path.Combine(golden.Folder, $"adapter_{@case}", PeftAdapter.WeightsFile));
        using var ours = SafeTensorsFile.Open(_folder.At(PeftAdapter.WeightsFile));
        Assert.Equal(theirs.Names.Order(), ours.Names.Order());
        foreach (var tensor in theirs.Names) AssertSame(theirs.Read(tensor), ours.Read(tensor), tensor);
    }

    [Theory, MemberData(nameof(PeftFolders))]
    public void The_configuration_written_is_the_one_that_PEFT_writes(string name, string @case)
    {
        using var golden = Written(name, @case);
        var theirs = ConfigIn(Path.Combine(golden.Folder, $"adapter_{@case}"));
        var ours = ConfigIn(_folder.Path);
        Assert.Equal(theirs.Select(field => field.Key), ours.Select(field => field.Key));
        Assert.Equal("base", ours["base_model_name_or_path"]!.GetValue<string>());
        foreach (var (field, value) in theirs.Where(f => f.Key != "base_model_name_or_path"))
            Assert.True(JsonNode.DeepEquals(value, ours[field]),
                $"{field}: PEFT has {value?.ToJsonString() ?? "null"}, ours is {ours[field]?.ToJsonString() ?? "null"}");
    }

    [Theory, MemberData(nameof(PeftFolders))]
    public void An_adapter_of_PEFT_gives_the_logits_it_gave_there(string name, string @case)
    {
        using var golden = new GoldenModel(name);
        using var adapter = PeftAdapter.Read(Path.Combine(golden.Folder, $"adapter_{@case}"), golden.Model);
        using var _ = no_grad();
        golden.AssertClose(golden.At(@case, "logits"), golden.Logits(), 2e-5, "logits");
    }

    [Theory, MemberData(nameof(GoldenFacts.Cases), MemberType = typeof(GoldenFacts))]
    public void What_is_read_back_computes_the_same_bits(string name, string @case)
    {
        using var golden = Written(name, @case, out var before);
        using var adapter = PeftAdapter.Read(_folder.Path, golden.Model);
        Assert.Equal(before, Logits(golden));
    }

    [Theory, MemberData(nameof(GoldenFacts.Cases), MemberType = typeof(GoldenFacts))]
    public void A_compact_file_gives_back_the_same_bits_and_the_same_plan(string name, string @case)
    {
        using var golden = new GoldenModel(name);
        using var trained = golden.PlaceAdapter(@case);
        var (before, values, plan) = (Logits(golden), trained.Parameters.Values.data<float>().ToArray(), trained.Plan.Places);
        CompactAdapter.Write(_folder.At(CompactAdapter.FileName), trained);
        trained.Dispose();

        using var adapter = CompactAdapter.Read(_folder.At(CompactAdapter.FileName), golden.Model);
        Assert.Equal(plan, adapter.Plan.Places);
        Assert.Equal(values, adapter.Parameters.Values.data<float>().ToArray());
        Assert.Equal(before, Logits(golden));
    }

    [Fact]
    public void A_layer_without_a_LoRA_is_written_as_zeros_which_change_nothing()
    {
        using var golden = new GoldenModel("roberta-tiny");
        var plan = SharingPlan.Only(golden.Sites.Select(s => s.Site), new HashSet<Site> { new("query", 3) });
        var adapter = new Adapter(golden.Model, golden.Sites, plan, golden.Lora, trainHead: false, 0);
        adapter.Parameters.Set("base_model.model.roberta.encoder.layer.3.attention.self.query.lora_B.weight", ones(32, 4));
        var before = Logits(golden);
        PeftAdapter.Write(_folder.Path, golden.Model, adapter, golden.TargetsOf("lora"), "base");
        adapter.Dispose();

        using (var file = SafeTensorsFile.Open(_folder.At(PeftAdapter.WeightsFile)))
            Assert.All(file.Names.Where(n => !n.Contains("layer.3.attention.self.query")),
                n => Assert.Equal(0, file.Read(n).abs().max().item<float>()));
        using var read = PeftAdapter.Read(_folder.Path, golden.Model);
        Assert.Equal(before, Logits(golden));
    }

    [Fact]
    public void Rank_stabilised_adapters_are_scaled_by_the_root_of_the_rank()
    {
        using var golden = Written("roberta-tiny", "lora");
        Change(config => config["use_rslora"] = true);
        using var adapter = PeftAdapter.Read(_folder.Path, golden.Model);
        var settings = (LoraSettings)adapter.Settings;
        Assert.Equal(8 / Math.Sqrt(4), settings.Scale, 1e-12);
    }

    [Theory]
    [InlineData("peft_type", "\"LOHA\"")]
    [InlineData("rank_pattern", """{"que(ry": 2}""", ".que(ry")]
    [InlineData("rank_pattern", """{"query": 0}""", ".query")]
    [InlineData("alpha_pattern", """{"query": -1}""", ".query")]
    [InlineData("layers_to_transform", "[1]")]
    [InlineData("bias", "\"lora_only\"")]
    [InlineData("lora_bias", "true")]
    [InlineData("alora_invocation_tokens", "[27, 91]")]
    [InlineData("use_qalora", "true")]
    [InlineData("arrow_config", """{"top_k": 3}""")]
    [InlineData("init_lora_weights", "\"pissa\"")]
    [InlineData("init_lora_weights", "\"pissa_niter_16\"")]
    [InlineData("init_lora_weights", "\"olora\"")]
    [InlineData("init_lora_weights", "\"corda\"")]
    [InlineData("init_lora_weights", "\"loftq\"")]
    [InlineData("r", "0")]
    [InlineData("r", "-4")]
    [InlineData("lora_alpha", "0")]
    public void A_setting_that_is_not_plain_LoRA_is_refused_by_its_name(string field, string value, string part = "")
    {
        using var golden = Written("roberta-tiny", "lora");
        Change(config => config[field] = JsonNode.Parse(value));
        Assert.Equal($"{_folder.At(PeftAdapter.ConfigFile)} {field}{part}", Refusal(golden).Path);
    }

    [Theory]
    [InlineData("false")]
    [InlineData("\"gaussian\"")]
    [InlineData("\"eva\"")]
    [InlineData("\"orthogonal\"")]
    public void Initial_values_that_leave_the_base_alone_do_not_matter(string value)
    {
        using var golden = Written("roberta-tiny", "lora", out var before);
        Change(config => config["init_lora_weights"] = JsonNode.Parse(value));
        using var adapter = PeftAdapter.Read(_folder.Path, golden.Model);
        Assert.Equal(before, Logits(golden));
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("{}")]
    [InlineData("""{"peft_type": "LORA", "r": "four", "lora_alpha": 8}""")]
    public void A_file_that_is_no_configuration_is_refused(string json)
    {
        using var golden = Written("roberta-tiny", "lora");
        _folder.File(PeftAdapter.ConfigFile, json);
        Assert.Equal(_folder.At(PeftAdapter.ConfigFile), Refusal(golden).Path);
    }

    [Fact]
    public void A_rank_that_the_tensors_do_not_have_is_refused_with_the_file()
    {
        using var golden = Written("roberta-tiny", "lora");
        Change(config => config["r"] = 2);
        Assert.StartsWith(_folder.At(PeftAdapter.WeightsFile), Refusal(golden).Path);
        Assert.All(golden.Sites, site => Assert.Null(site.Linear.Branch));
    }

    [Fact]
    public void A_pickle_is_never_read()
    {
        using var golden = Written("roberta-tiny", "lora");
        File.Move(_folder.At(PeftAdapter.WeightsFile), _folder.At("adapter_model.bin"));
        Assert.Contains("never from a pickle", Refusal(golden).Message);
    }

    [Fact]
    public void An_adapter_of_another_architecture_is_refused()
    {
        using var golden = new GoldenModel("bert-tiny");
        using var roberta = new GoldenModel("roberta-tiny");
        Assert.Contains("another architecture",
            Assert.Throws<RefusedInputException>(() =>
            PeftAdapter.Read(Path.Combine(roberta.Folder, "adapter_lora"), golden.Model)).Message);
    }

    [Fact]
    public void A_tensor_that_has_no_place_is_refused_by_its_name()
    {
        using var golden = Written("roberta-tiny", "lora");
        using (var file = SafeTensorsFile.Open(_folder.At(PeftAdapter.WeightsFile)))
            SafeTensorsWriter.Write(_folder.At("more"), file.Names.ToDictionary(n => n, n => file.Read(n))
                .Append(new("base_model.model.lm_head.lora_A.weight", zeros(4, 32))).ToDictionary());
        File.Move(_folder.At("more"), _folder.At(PeftAdapter.WeightsFile), overwrite: true);
        Assert.Contains("base_model.model.lm_head.lora_A.weight", Refusal(golden).Message);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("""{"rank": 4, "alpha": 8, "trainsHead": false, "places": {"query": {"0": "elsewhere"}}}""")]
    [InlineData("""{"rank": 0, "alpha": 8, "trainsHead": false, "places": {"query": {"0": "own"}}}""")]
    [InlineData("""{"rank": 4, "alpha": 8, "trainsHead": false, "places": {"query": {"9": "own"}}}""")]
    [InlineData("""{"rank": 4, "alpha": 8, "trainsHead": false, "places": {"query": {"0": "own"}}}""")]
    public void A_compact_file_whose_map_does_not_hold_is_refused(string map)
    {
        using var golden = new GoldenModel("roberta-tiny");
        SafeTensorsWriter.Write(_folder.At("a.safetensors"), new Dictionary<string, Tensor> { ["x"] = zeros(1) },
            new Dictionary<string, string> { ["loradrop"] = map });
        Assert.Equal(_folder.At("a.safetensors"),
            Assert.Single(Assert.Throws<RefusedInputException>(() =>
            CompactAdapter.Read(_folder.At("a.safetensors"), golden.Model)).Faults).Path);
        Assert.All(golden.Sites, site => Assert.Null(site.Linear.Branch));
    }

    private GoldenModel Written(string name, string @case) => Written(name, @case, out _);

    /// <summary>A model, and in the folder the adapter of a case, which is off the model again.</summary>
    private GoldenModel Written(string name, string @case, out float[] logits)
    {
        var golden = new GoldenModel(name);
        using var adapter = golden.PlaceAdapter(@case);
        logits = Logits(golden);
        PeftAdapter.Write(_folder.Path, golden.Model, adapter, golden.TargetsOf(@case).Order(StringComparer.Ordinal).ToArray(), "base");
        return golden;
    }

    private void Change(Action<JsonObject> change)
    {
        var config = ConfigIn(_folder.Path);
        change(config);
        _folder.File(PeftAdapter.ConfigFile, config.ToJsonString());
    }

    private Fault Refusal(GoldenModel golden) =>
        Assert.Single(Assert.Throws<RefusedInputException>(() => PeftAdapter.Read(_folder.Path, golden.Model)).Faults);

    private static JsonObject ConfigIn(string folder) =>
        JsonNode.Parse(File.ReadAllText(Path.Combine(folder, PeftAdapter.ConfigFile)))!.AsObject();

    private static float[] Logits(GoldenModel golden)
    {
        using var _ = no_grad();
        return golden.Logits().data<float>().ToArray();
    }

    private static void AssertSame(Tensor expected, Tensor actual, string name)
    {
        Assert.Equal(expected.shape, actual.shape);
        Assert.True(expected.data<float>().ToArray().SequenceEqual(actual.data<float>().ToArray()), name);
    }
}
