using System.Text.Json;
using LoraDrop.Domain;
using TorchSharp;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Tests;

/// <summary>One folder of reference values.</summary>
/// <remarks>Opens a scope, which the test's own tensors are in too, until it is disposed: one that no scope holds can be collected while
/// libtorch reads it.</remarks>
internal sealed class GoldenModel : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly JsonElement _json;

    public GoldenModel(string name)
    {
        Folder = Path.Combine(AppContext.BaseDirectory, "Golden", name);
        _json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder, "golden.json"))).RootElement;
        Model = Open(Folder);
        Set = Texts();
        Batch = Set.Batch([.. Enumerable.Range(0, Set.Count)], Model);
    }

    public string Folder { get; }

    public FrozenModel Model { get; }

    /// <summary>The texts of the batch, without padding.</summary>
    public EncodedSet Set { get; }

    public TokenBatch Batch { get; }

    public LoraSettings Lora =>
        new() { Rank = _json.GetProperty("rank").GetInt32(), Alpha = _json.GetProperty("alpha").GetDouble() };

    /// <summary>Of the lora case: query and value.</summary>
    public IReadOnlyList<AdapterSite> Sites => SitesOf("lora");

    public IReadOnlyList<string> TargetsOf(string @case) =>
        [.. At(@case, "target_modules").EnumerateArray().Select(target => target.GetString()!)];

    public IReadOnlyList<AdapterSite> SitesOf(string @case) => AdapterSites.Find(Model, TargetsOf(@case));

    /// <summary>LoRA on every site; or, in the lora_drop cases, own pairs in the retained layers and one shared pair per type.</summary>
    public SharingPlan Plan(string @case) => _json.GetProperty(@case).TryGetProperty("retained_layers", out var retained)
        ? SharingPlan.Of(SitesOf(@case).Select(s =>
        KeyValuePair.Create(s.Site, retained.EnumerateArray().Any(l => l.GetInt32() == s.Site.Layer) ? Place.Own : Place.Shared)))
        : SharingPlan.OwnEverywhere(SitesOf(@case).Select(s => s.Site));

    /// <summary>The settings of a case (Golden/README.md).</summary>
    public MethodSettings SettingsOf(string @case) => @case switch
    {
        "vera" => new VeraSettings { Rank = 8, ProjectionKey = 7 },
        "dora" => new DoraSettings { Rank = Lora.Rank, Alpha = Lora.Alpha },
        "adalora" => new AdaLoraSettings
        {
            Rank = 6, TargetRank = 3, Alpha = 12, Tinit = 2, Tfinal = 4, Orthogonality = At(@case, "orth_reg_weight").GetDouble(),
        },
        _ => Lora,
    };

    /// <summary>The adapter of a case, at its initial values.</summary>
    public Adapter PlaceAdapter(string @case)
    {
        var adapter = new Adapter(Model, SitesOf(@case), Plan(@case), SettingsOf(@case), @case.EndsWith("_head"), 0);
        adapter.Load(At(@case, "initial").EnumerateObject().ToDictionary(p => p.Name, p => TensorOf(p.Value)), @case);
        return adapter;
    }

    /// <summary>A folder as a model of the same kind.</summary>
    public FrozenModel Open(string folder) => ShapeOf(At("base", "logits")) is [_, var classes]
        ? SequenceClassifier.Open(folder, (int)classes, 0, CPU)
        : LanguageModel.Open(folder, CPU);

    public Tensor Logits(FrozenModel? model = null) => (model ?? Model) switch
    {
        LanguageModel language => language.Forward(Batch),
        SequenceClassifier classifier => classifier.Forward(Batch),
        _ => throw new InvalidOperationException(),
    };

    /// <summary>The mean loss, as training takes it.</summary>
    public Tensor Loss()
    {
        int[] all = [.. Enumerable.Range(0, Set.Count)];
        return Set.LossSum(Model, Batch, all).Over(Set.TermsIn(all));
    }

    public JsonElement At(params string[] path) => path.Aggregate(_json, (json, name) => json.GetProperty(name));

    public static long[] ShapeOf(JsonElement tensor) => [.. tensor.GetProperty("shape").EnumerateArray().Select(n => n.GetInt64())];

    public static Tensor TensorOf(JsonElement tensor) =>
        torch_tensor([.. tensor.GetProperty("data").EnumerateArray().Select(n => n.GetSingle())], ShapeOf(tensor));

    public void AssertClose(JsonElement expected, Tensor actual, double tolerance, string what)
    {
        Assert.Equal(ShapeOf(expected), actual.shape);
        var apart = (TensorOf(expected) - actual.detach()).abs();
        // what a decoder says after a text's end is nobody's answer
        if (Model.Config is DecoderConfig && apart.dim() == 3) apart *= Batch.Mask.unsqueeze(-1);
        var difference = apart.max().item<float>();
        Assert.True(difference <= tolerance, $"{what}: differs by {difference:g3}, allowed {tolerance:g3}");
    }

    public void Dispose()
    {
        Batch.Dispose();
        Model.Dispose();
        _scope.Dispose();
    }

    private static Tensor torch_tensor(float[] data, long[] shape) => tensor(data).reshape(shape);

    private EncodedSet Texts()
    {
        long[] Row(string name, int row, int width) =>
            [.. At("batch", name, "data").EnumerateArray().Skip(row * width).Take(width).Select(n => n.GetInt64())];
        var shape = ShapeOf(At("batch", "input_ids"));
        var width = (int)shape[1];
        var texts = Enumerable.Range(0, (int)shape[0]).Select(row =>
        {
            var real = Row("attention_mask", row, width).Count(m => m == 1);
            var types = At("batch").TryGetProperty("token_type_ids", out _) ? Row("token_type_ids", row, width) : new long[width];
            return new TokenizedText([.. Row("input_ids", row, width).Take(real).Select(i => (int)i)],
                [.. types.Take(real).Select(i => (int)i)]);
        });
        if (Model is SequenceClassifier)
            return new LabelledSet([.. texts], [.. At("batch", "labels", "data").EnumerateArray().Select(l => l.GetDouble())]);
        return new TargetSet([.. texts], [.. Enumerable.Range(0, (int)shape[0])
            .Select(row => Row("labels", row, width).Index().Where(l => l.Index > 0 && l.Item != -100).Select(l => l.Index).ToArray())]);
    }
}
