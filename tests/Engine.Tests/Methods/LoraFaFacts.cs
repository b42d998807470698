using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Tests;

/// <summary>LoRA-FA against PEFT (Golden/README.md), and its A, which is not trained but belongs to the adapter.</summary>
public sealed class LoraFaFacts : IDisposable
{
    private readonly TestFolder _folder = new();

    public static TheoryData<string> Models => new("roberta-tiny", "llama-tiny");

    public void Dispose() => _folder.Dispose();

    [Theory, MemberData(nameof(Models))]
    public void It_gives_the_logits_gradients_and_steps_of_PEFTs_optimiser(string model)
    {
        using var expected = new MethodCase(model, "lora_fa");
        using var adapter = Placed(expected.Golden);
        adapter.Load(expected.Initial, "lora_fa");
        using var adamw = new AdamW(adapter.Parameters, weightDecay: 0.01, form: adapter.Tuning.Adam);
        expected.AssertReproduced(adapter.Parameters, t =>
        {
            var step = new OptimizerStep(t, 5, 1e-3);
            adapter.Tuning.BeforeStep(adapter.Parameters, step);
            adamw.Step(t, adapter.Rates(step.Rate, step.Rate));
        });
        foreach (var (name, A) in adapter.Tensors.Where(tensor => tensor.Key.Contains("lora_A")))
            Assert.Equal(Numbers(expected.AfterAdamW[name]), Numbers(A));
    }

    [Theory, MemberData(nameof(Models))]
    public void What_is_trained_is_what_has_a_gradient_in_PEFT(string model)
    {
        using var expected = new MethodCase(model, "lora_fa");
        using var adapter = Placed(expected.Golden);
        Assert.Equal(expected.Gradients.Keys.Order(), adapter.Parameters.Names.Order());
        Assert.Equal(expected.Initial.Keys.Order(), adapter.Tensors.Keys.Order());
        Assert.Equal(adapter.Parameters.Values.numel(), adapter.Counts.AdapterAndHead);
    }

    [Theory, MemberData(nameof(Models))]
    public void The_tensors_written_are_those_that_PEFT_writes_and_an_adapter_of_PEFT_gives_its_logits(string model)
    {
        using var expected = new MethodCase(model, "lora_fa");
        using (var adapter = Placed(expected.Golden))
        {
            adapter.Load(expected.Initial, "lora_fa");
            PeftAdapter.Write(_folder.Path, expected.Model, adapter, Targets(expected.Golden), "base");
        }
        using var theirs = SafeTensorsFile.Open(Path.Combine(expected.Folder, "adapter_lora_fa", PeftAdapter.WeightsFile));
        using var ours = SafeTensorsFile.Open(_folder.At(PeftAdapter.WeightsFile));
        Assert.Equal(theirs.Names.Order(), ours.Names.Order());
        foreach (var name in theirs.Names) Assert.Equal(Numbers(theirs.Read(name)), Numbers(ours.Read(name)));
        foreach (var folder in (string[])[_folder.Path, Path.Combine(expected.Folder, "adapter_lora_fa")])
        {
            using var read = PeftAdapter.Read(folder, expected.Model);
            Assert.IsType<LoraSettings>(read.Settings);
            expected.AssertLogits(expected.Logits, "logits");
        }
    }

    [Fact]
    public void A_is_drawn_by_the_runs_seed_as_that_of_a_LoRA()
    {
        using var golden = new GoldenModel("roberta-tiny");
        Dictionary<string, float[]> Drawn(MethodSettings settings, long seed)
        {
            using var adapter = new Adapter(golden.Model, golden.Sites, Plan(golden), settings, trainHead: false, seed);
            return adapter.Tensors.Where(tensor => tensor.Key.Contains("lora_A")).ToDictionary(A => A.Key, A => Numbers(A.Value));
        }
        Assert.Equal(Drawn(new LoraSettings { Rank = 4 }, 3), Drawn(new LoraFaSettings { Rank = 4 }, 3));
        Assert.NotEqual(Drawn(new LoraFaSettings { Rank = 4 }, 3).First().Value, Drawn(new LoraFaSettings { Rank = 4 }, 4).First().Value);
    }

    [Fact]
    public void A_compact_file_holds_A_and_gives_back_the_same_bits_and_the_same_plan()
    {
        using var golden = new GoldenModel("roberta-tiny");
        float[] before;
        var settings = new LoraFaSettings { Rank = 4 };
        using (var adapter = new Adapter(golden.Model, golden.Sites, Plan(golden), settings, trainHead: true, seed: 7))
        {
            foreach (var name in adapter.Parameters.Names.Where(name => name.Contains("lora_B")))
                adapter.Parameters.Set(name, InitialValues.Normal(adapter.Parameters[name].shape, 0.1, 1, name));
            before = Logits(golden);
            CompactAdapter.Write(_folder.At(CompactAdapter.FileName), adapter);
            PeftAdapter.Write(_folder.Path, golden.Model, adapter, Targets(golden), "base");
        }
        using (var compact = CompactAdapter.Read(_folder.At(CompactAdapter.FileName), golden.Model))
        {
            Assert.Equal(Plan(golden).Places, compact.Plan.Places);
            Assert.Equal(before, Logits(golden));
        }
        using var lora = PeftAdapter.Read(_folder.Path, golden.Model);
        Assert.Equal(before, Logits(golden));
    }

    [Fact]
    public void A_compact_file_without_A_is_refused()
    {
        using var golden = new GoldenModel("roberta-tiny");
        using var adapter = Placed(golden);
        var tensors = adapter.Tensors.Where(tensor => !tensor.Key.Contains("lora_A")).ToDictionary();
        Assert.Contains("lora_A", Assert.Throws<RefusedInputException>(() => adapter.Load(tensors, "file")).Message);
    }

    /// <summary>On query and value of every layer, with the head where there is one to train.</summary>
    private static Adapter Placed(GoldenModel golden) => new(golden.Model, golden.Sites,
        SharingPlan.OwnEverywhere(golden.Sites.Select(site => site.Site)), new LoraFaSettings { Rank = 4, Alpha = 8 },
        trainHead: golden.Model is SequenceClassifier, seed: 0);

    /// <summary>Own pairs, shared ones, and a layer with none.</summary>
    private static SharingPlan Plan(GoldenModel golden) => SharingPlan.Of(golden.Sites.Select(site =>
        KeyValuePair.Create(site.Site, site.Site.Layer switch { 0 => Place.Own, 3 => Place.None, _ => Place.Shared })));

    private static string[] Targets(GoldenModel golden) => [.. golden.TargetsOf("lora").Order(StringComparer.Ordinal)];

    private static float[] Numbers(Tensor tensor) => tensor.detach().flatten().data<float>().ToArray();

    private static float[] Logits(GoldenModel golden)
    {
        using var _ = no_grad();
        return golden.Logits().data<float>().ToArray();
    }
}
