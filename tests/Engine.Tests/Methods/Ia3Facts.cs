using System.Text.Json.Nodes;
using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Tests;

/// <summary>IA³, against PEFT and its own formula.</summary>
public sealed class Ia3Facts : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("roberta-tiny")]
    [InlineData("llama-tiny")]
    public void It_gives_the_logits_gradients_and_AdamW_steps_of_PEFT(string model)
    {
        using var expected = new MethodCase(model, "ia3");
        using var adapter = Place(expected.Model);
        adapter.Load(expected.Initial, "ia3");
        expected.AssertReproduced(adapter.Parameters);
        Assert.Equal(expected.Json.GetProperty("trainable_parameters").GetInt64(), adapter.Counts.Adapter);
    }

    [Theory]
    [InlineData("roberta-tiny")]
    [InlineData("llama-tiny")]
    public void PEFTs_adapter_loads_and_ours_has_its_keys_and_shapes_and_names_the_same_modules(string model)
    {
        using var expected = new MethodCase(model, "ia3");
        var theirs = Path.Combine(expected.Folder, "adapter_ia3");
        using (var adapter = PeftAdapter.Read(theirs, expected.Model))
        {
            expected.AssertLogits(expected.Logits, "logits");
            PeftAdapter.Write(_folder.Path, expected.Model, adapter, model == "llama-tiny" ? ["k_proj", "v_proj", "down_proj"]
                : ["key", "value", "output.dense"], model);
        }
        Assert.Equal(Shapes(theirs), Shapes(_folder.Path));
        var (ours, given) = (Config(_folder.Path), Config(theirs));
        Assert.Equal(given.Select(field => field.Key).Except(["peft_version"]).Order(), ours.Select(field => field.Key).Order());
        foreach (var name in (string[])["feedforward_modules", "target_modules"]) Assert.Equal(Names(given[name]), Names(ours[name]));
        using var again = PeftAdapter.Read(_folder.Path, expected.Model);
        expected.AssertLogits(expected.Logits, "logits of ours");
    }

    [Fact]
    public void By_default_the_input_of_attentions_output_layer_is_not_scaled_and_PEFT_is_told_so_by_paths()
    {
        using var golden = new GoldenModel("roberta-tiny");
        var settings = new Ia3Settings();
        var sites = AdapterSites.Find(golden.Model, settings.Targets);
        var plan = SharingPlan.OwnEverywhere(sites.Select(site => site.Site));
        using var adapter = new Adapter(golden.Model, sites, plan, settings, false, 0);
        PeftAdapter.Write(_folder.Path, golden.Model, adapter, settings.Targets, "roberta-tiny");
        Assert.All(Names(Config(_folder.Path)["target_modules"]), name => Assert.StartsWith("roberta.encoder.layer.", name));
        Assert.Equal(golden.Model.Config.Layers * (32 + 32 + 64), adapter.Counts.Adapter);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_scaled_layer_is_its_merged_weight_and_bias(bool scalesInput)
    {
        using var scope = NewDisposeScope();
        static Tensor Drawn(string name, params long[] shape) => InitialValues.Normal(shape, 1, 1, name);
        Tensor W = Drawn("W", 5, 3), b = Drawn("b", 5), x = Drawn("x", 4, 3), l = scalesInput ? Drawn("l", 1, 3) : Drawn("l", 5, 1);
        var branch = new Methods.Ia3(l, scalesInput);
        var layer = new Linear("l", new FloatMatrix(new("l.weight", W)), new("l.bias", b));
        var expected = nn.functional.linear(x, branch.Merged(W), branch.MergedBias(b));
        MethodCase.AssertClose(expected, branch.Forward(x, layer), 1e-6, "y");
        Assert.Equal(scalesInput, branch.MergedBias(b).Equals(b));
    }

    private static Adapter Place(FrozenModel model)
    {
        string[] targets = model is LanguageModel ? ["k_proj", "v_proj", "down_proj"] : ["key", "value", "output.dense"];
        var sites = AdapterSites.Find(model, targets);
        return new(model, sites, SharingPlan.OwnEverywhere(sites.Select(site => site.Site)),
            new Ia3Settings { Targets = targets, FeedForward = targets[2..] }, trainHead: false, 0);
    }

    private static IEnumerable<string> Names(JsonNode? list) => list!.AsArray().Select(name => name!.GetValue<string>()).Order();

    private static JsonObject Config(string folder) =>
        JsonNode.Parse(File.ReadAllText(Path.Combine(folder, PeftAdapter.ConfigFile)))!.AsObject();

    private static Dictionary<string, string> Shapes(string folder)
    {
        using var file = SafeTensorsFile.Open(Path.Combine(folder, PeftAdapter.WeightsFile));
        return file.Names.Order(StringComparer.Ordinal).ToDictionary(name => name, name => string.Join(", ", file.ShapeOf(name)));
    }
}
