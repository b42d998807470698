using System.Text.Json.Nodes;
using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Tests;

/// <summary>Every method in whole runs, from files to files.</summary>
public sealed class MethodRunFacts
{
    /// <summary>Each method with a model that classifies and one that generates; placed everywhere, and by importance where it can
    /// be.</summary>
    public static TheoryData<string, bool, bool> Runs =>
    [
        .. from method in Domain.Methods.All from generates in (bool[])[false, true] from dropped in (bool[])[false, true]
           where method.Placing == Placing.Either || dropped == (method.Placing == Placing.ByImportance)
           where method.Name != "bitfit" || !generates // the decoder has no biases
           select (method.Name, generates, dropped),
        ("lora-drop sharing.granularity=rank", false, true), ("lora-drop sharing.granularity=rank sharing.warmStart=true", true, true),
        ("lora-drop sharing.threshold=auto", true, true), ("lora start=pissa", false, false), ("lora start=olora", true, false),
        ("""lora-drop rankPattern={"query":1,"layer.1.*":3} bias=lora-only""", false, true),
        ("""lora alphaPattern={"v_proj":2.5} modulesToSave=["model.norm"]""", true, false),
        ("""lora start=pissa rankPattern={"value":1} modulesToSave=["LayerNorm"] bias=all""", false, false),
        ("adapter dropLayers=1", false, false),
        ("adapter placement=parallel", false, false), ("adapter placement=parallel", true, true),
        ("p-tuning encoder=lstm width=4", false, false), ("prefix-tuning projection=6", true, false),
    ];

    [Theory, MemberData(nameof(Runs))]
    public void A_run_that_is_stopped_goes_on_to_the_same_bytes_and_its_adapter_and_merged_model_compute_the_same(string method,
        bool generates, bool dropped)
    {
        using var task = new TinyTask(generates);
        var request = Request(task, method, dropped);
        var (result, events) = task.Run(request, task.Out());
        Assert.Equal(request.Stages, events.OfType<RunEvent.StageStarted>().Select(started => started.Stage));

        Assert.Null(task.Run(request, task.Out("stopped"), events.Count / 2).Result);
        Assert.NotNull(task.Run(request, task.Out("stopped")).Result);
        var adapter = Path.Combine(task.Out(), "adapter");
        foreach (var path in Directory.GetFiles(adapter, "*.safetensors"))
            Assert.True(File.ReadAllBytes(path).SequenceEqual(
                File.ReadAllBytes(Path.Combine(task.Out("stopped"), "adapter", Path.GetFileName(path)))),
                $"{Path.GetFileName(path)} differs");

        using var trained = TrainedAdapter.Open(adapter, null, CPU);
        var validation = trained.Read(task.Files, 42).Validation;
        var (scores, loss) = Evaluation.ScoresOf(trained.Model, validation, trained.Task, 4, CancellationToken.None);
        if (!generates) Assert.Equal(result!.Scores.Values, scores.Values);
        Assert.Equal(result!.History.Last(evaluation => evaluation.Step == result.BestStep).Loss, loss, 1e-5);

        void Merge() => MergedModel.Write(trained.BaseModel, trained.Model, trained.Adapter, task.Out("merged"), trained.Task.Labels,
            generates ? trained.Prompts.EndIds : null);
        if (trained.Adapter.Tuning.WhyNotMerged is not null)
        {
            Assert.Equal("adapter", Assert.Single(Assert.Throws<RefusedInputException>(Merge).Faults).Path);
            return;
        }
        Merge();
        using FrozenModel merged = generates
            ? LanguageModel.Open(task.Out("merged"), CPU)
            : SequenceClassifier.Open(task.Out("merged"), trained.Task.Labels, 0, CPU);
        Assert.Equal(loss, Evaluation.ScoresOf(merged, validation, trained.Task, 4, CancellationToken.None).Loss, 1e-4);
    }

    [Theory, MemberData(nameof(Runs))]
    public void The_parameters_that_a_run_states_are_the_numbers_in_its_file_and_those_that_the_estimate_foresees(string method,
        bool generates, bool dropped)
    {
        using var task = new TinyTask(generates);
        var request = Request(task, method, dropped);
        var (result, _) = task.Run(request, task.Out());
        using var file = SafeTensorsFile.Open(Path.Combine(task.Out(), "adapter", CompactAdapter.FileName));
        var head = file.Names.Where(name => name.Contains("classifier.")).ToHashSet();
        long Numbers(IEnumerable<string> names) => names.Sum(name => file.ShapeOf(name).Aggregate(1L, (product, n) => product * n));
        var gone = TakenAway(request.Tuning, file);
        Assert.Equal(Numbers(file.Names.Except(head)) - gone, result!.Parameters.Adapter);
        Assert.Equal(Numbers(file.Names) - gone, result.Parameters.AdapterAndHead);
        var range = ParameterRange.Of(request, ModelInspection.OfConfig(task.Model))!;
        // the estimate knows what SparseAdapter keeps, but not which layers AdaLoRA leaves its ranks
        Assert.InRange(result.Parameters.Adapter + (request.Tuning is AdaLoraSettings ? gone : 0), range.Least, range.Most);
        Assert.Equal(result.LoraParameters, range.Lora);
    }

    [Theory, MemberData(nameof(Runs))]
    public void Switched_off_it_leaves_the_base_model_under_the_trained_head_and_on_again_it_computes_as_before(string method,
        bool generates, bool dropped)
    {
        using var task = new TinyTask(generates);
        task.Run(Request(task, method, dropped), task.Out());
        using var trained = TrainedAdapter.Open(Path.Combine(task.Out(), "adapter"), null, CPU);
        using FrozenModel plain = generates ? LanguageModel.Open(task.Model, CPU)
            : SequenceClassifier.Open(task.Model, trained.Task.Labels, 0, CPU);
        foreach (var (own, learnt) in plain.HeadParameters.Zip(trained.Model.HeadParameters))
            if (learnt.Learns) own.Learn(learnt.Value);
        var validation = trained.Read(task.Files, 42).Validation;
        double LossOf(FrozenModel model) => Evaluation.ScoresOf(model, validation, trained.Task, 4, CancellationToken.None).Loss;
        var with = LossOf(trained.Model);
        Assert.Equal(LossOf(plain), trained.Model.WithoutAdapter(() => LossOf(trained.Model)));
        Assert.Equal(with, LossOf(trained.Model));
    }

    /// <summary>How many of a file's numbers are LoRA-FA's A, belong to ranks that AdaLoRA has taken away, or are what SparseAdapter does
    /// not keep.</summary>
    private static long TakenAway(MethodSettings settings, SafeTensorsFile file)
    {
        using var scope = NewDisposeScope();
        if (settings is HiFiSettings) return file.Names.Where(name => name.EndsWith(".heads", StringComparison.Ordinal))
            .Sum(name => file.Read(name).numel());
        // the file has a number for each weight, and no gates
        if (settings is DiffPruningSettings diff)
        {
            var n = file.Names.Where(name => name.EndsWith(".difference", StringComparison.Ordinal)).Sum(name => file.Read(name).numel());
            Assert.InRange(file.Names.Where(name => name.EndsWith(".difference", StringComparison.Ordinal))
                .Sum(name => file.Read(name).count_nonzero().item<long>()), 1, diff.Kept(n));
            return n - diff.Kept(n);
        }
        if (settings is LoraFaSettings) return file.Names.Where(name => name.Contains(".lora_A.")).Sum(name => file.Read(name).numel());
        if (settings is SparseAdapterSettings)
            return file.Names.Where(name => name.Contains(".lora_")).Select(name => file.Read(name)).Sum(tensor =>
                tensor.numel() - tensor.count_nonzero().item<long>());
        if (settings is not AdaLoraSettings adalora) return 0;
        string[] E = [.. file.Names.Where(name => name.EndsWith("lora_E", StringComparison.Ordinal))];
        var left = E.Select(name => file.Read(name).count_nonzero().item<long>()).ToArray();
        Assert.Equal(E.Length * adalora.TargetRank, left.Sum());
        return E.Zip(left, (name, ranks) => (adalora.Rank - ranks)
            * (file.ShapeOf($"{name[..^1]}A")[1] + file.ShapeOf($"{name[..^1]}B")[0] + 1)).Sum();
    }

    /// <summary>A small encoder without pre-training learns nothing in so few steps, whatever the method.</summary>
    public static TheoryData<string, bool> Generating =>
        [.. Runs.Where(run => run.Data.Item2).Select(run => (run.Data.Item1, run.Data.Item3))];

    [Theory, MemberData(nameof(Generating))]
    public void Training_lowers_the_loss(string method, bool dropped)
    {
        using var task = new TinyTask(generates: true);
        var (_, events) = task.Run(Request(task, method, dropped, epochs: 12), task.Out());
        var losses = events.OfType<RunEvent.StepDone>().Where(step => step.Stage == Stage.TaskAdaptation).Select(step => step.Loss)
            .ToArray();
        Assert.True(losses[^10..].Average() < 0.98 * losses[..10].Average(),
            string.Join(", ", losses.Select(loss => loss.ToString("0.000"))));
    }

    [Fact]
    public void A_method_that_would_train_nothing_is_refused()
    {
        using var task = new TinyTask(generates: true);
        var request = Request(task, "bitfit", dropped: false);
        const string Why = "the model has no biases, which are all that bitfit trains";
        Assert.Equal(new Fault("method", Why), Assert.Single(RequestFit.Faults(request, ModelInspection.OfConfig(task.Model), null)));
        Assert.Equal(Why, Assert.Single(Assert.Throws<RefusedInputException>(() => task.Run(request, task.Out())).Faults).Message);
    }

    [Theory]
    [InlineData(true, """lora bias=all""", "lora.bias")]
    [InlineData(true, """lora bias=lora-only""", "lora.bias")]
    [InlineData(true, """lora modulesToSave=["norm","lm_tail"]""", "lora.modulesToSave[1]")]
    [InlineData(true, """lora modulesToSave=["self_attn"]""", "lora.modulesToSave[0]")]
    [InlineData(false, """lora modulesToSave=["classifier"]""", "lora.modulesToSave[0]")]
    [InlineData(false, """lora rankPattern={"q_proj":1}""", "lora.rankPattern.q_proj")]
    [InlineData(false, """lora rankPattern={"query":17}""", "lora.rankPattern")]
    [InlineData(false, """lora alphaPattern={"layer.9.*":1}""", "lora.alphaPattern.layer.9.*")]
    public void A_setting_of_LoRA_that_does_not_fit_the_model_is_refused_at_submission_and_by_the_run(bool generates, string method,
        string path)
    {
        using var task = new TinyTask(generates);
        var request = Request(task, method, dropped: false);
        Assert.Equal(path, Assert.Single(RequestFit.Faults(request, ModelInspection.OfConfig(task.Model), null)).Path);
        Assert.Equal(path, Assert.Single(Assert.Throws<RefusedInputException>(() => task.Run(request, task.Out())).Faults).Path);
    }

    internal static JobRequest Request(TinyTask task, string method, bool dropped, int epochs = 2) => task.Request(json =>
    {
        var (chosen, settings) = (Domain.Methods.Find(method.Split(' ')[0])!, json["lora"]!.DeepClone().AsObject());
        json.Remove("lora");
        json["method"] = chosen.Name;
        json["training"]!["epochs"] = epochs;
        if (chosen.Placing == Placing.InPlace) settings = [];
        else if (chosen.Placing == Placing.BeforeText) settings = new() { ["tokens"] = 5 };
        else if (!typeof(LowRankSettings).IsAssignableFrom(chosen.SettingsType)) settings.Remove("alpha");
        if (chosen.Name == "ia3") settings = [];
        if (chosen.Name == "diff-pruning") settings["keep"] = 0.2; // of so small a model
        if (chosen.Name == "adapter") settings.Remove("rank");
        if (method.Contains("placement=parallel")) settings["targets"] = new JsonArray("o", "down");
        if (chosen.Name == "adalora") settings["targetRank"] = 1;
        foreach (var given in method.Split(' ').Skip(1).Select(setting => setting.Split('=')))
        {
            JsonNode value = given[1][0] is '{' or '[' || given[1] == "true" ? JsonNode.Parse(given[1])!
                : int.TryParse(given[1], out var number) ? number : given[1];
            if (given[0].Split('.') is ["sharing", var field])
            {
                json["sharing"]!.AsObject().Remove("keep"); // which only goes without a threshold
                json["sharing"]![field] = value;
            }
            else settings[given[0]] = value;
        }
        json[chosen.Section] = settings;
        if (dropped) return;
        json.Remove("importance");
        json.Remove("sharing");
    });
}
