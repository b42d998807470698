using System.Text.Json;
using System.Text.Json.Nodes;
using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Tests;

/// <summary>AdaLoRA against PEFT (Golden/README.md): its budget, and its files.</summary>
public sealed class AdaLoraFacts : IDisposable
{
    private const string Case = "adalora";

    private readonly TestFolder _folder = new();

    public static TheoryData<string> Models => new("roberta-tiny", "bert-tiny", "llama-tiny");

    public void Dispose() => _folder.Dispose();

    [Theory, MemberData(nameof(Models))]
    public void The_budget_leaves_the_ranks_that_PEFT_leaves(string name)
    {
        using var golden = new GoldenModel(name);
        using var adapter = golden.PlaceAdapter(Case);
        foreach (var (step, loss, values) in Trained(golden, adapter))
        {
            Assert.Equal(step.GetProperty("loss").GetDouble(), loss, 5e-5);
            foreach (var left in step.GetProperty("rank_left").EnumerateObject())
                Assert.Equal(left.Value.GetInt64(), values[left.Name].count_nonzero().item<long>());
        }
        foreach (var E in golden.At(Case, "trace_lora_E_at_end").EnumerateObject())
            golden.AssertClose(E.Value, adapter.Parameters[E.Name], 5e-5, E.Name);
        long Left(AdapterSite site) => adapter.Parameters[$"{Placement.PeftPrefix}{site.Linear.Path}.lora_E"].count_nonzero().item<long>();
        var numbers = golden.Sites.Sum(site => Left(site) * (site.Linear.In + site.Linear.Out + 1));
        Assert.Equal(numbers, adapter.Counts.Adapter);
    }

    [Fact]
    public void The_penalty_is_how_far_A_and_B_are_from_orthogonal()
    {
        using var golden = new GoldenModel("roberta-tiny");
        using var adapter = golden.PlaceAdapter(Case);
        var apart = golden.At(Case, "initial").EnumerateObject().Where(tensor => !tensor.Name.EndsWith('E')).Select(tensor =>
        {
            var shape = GoldenModel.ShapeOf(tensor.Value);
            var numbers = tensor.Value.GetProperty("data").EnumerateArray().Select(number => number.GetDouble()).ToArray();
            double At(long rank, long i) => tensor.Name.EndsWith('A') ? numbers[rank * shape[1] + i] : numbers[i * shape[1] + rank];
            var sum = 0.0;
            for (var i = 0; i < 6; i++)
                for (var j = 0; j < 6; j++)
                    sum += Math.Pow(Enumerable.Range(0, 32).Sum(n => At(i, n) * At(j, n)) - (i == j ? 1 : 0), 2);
            return Math.Sqrt(sum);
        }).ToArray();
        Assert.Equal(16, apart.Length);
        Assert.Equal(0.5 * apart.Average(), adapter.Tuning.Penalty(adapter.Parameters)!.item<float>(), 1e-5);
    }

    [Fact]
    public void Orthogonal_matrices_have_no_penalty_and_no_gradient_that_is_not_a_number()
    {
        using var golden = new GoldenModel("roberta-tiny");
        using var adapter = golden.PlaceAdapter(Case);
        foreach (var name in adapter.Parameters.Names.Where(name => !name.EndsWith('E')))
            adapter.Parameters.Set(name, name.EndsWith('A') ? eye(6, 32) : eye(32, 6));
        var penalty = adapter.Tuning.Penalty(adapter.Parameters)!;
        penalty.backward();
        Assert.Equal(0, penalty.item<float>());
        Assert.Equal(0, adapter.Parameters.Gradients.abs().max().item<float>());
    }

    [Theory, MemberData(nameof(Models))]
    public void The_files_written_are_those_that_PEFT_writes(string name)
    {
        using var golden = new GoldenModel(name);
        using var adapter = golden.PlaceAdapter(Case);
        adapter.Tuning.Begin(12);
        Write(golden, adapter);
        using var theirs = SafeTensorsFile.Open(Path.Combine(golden.Folder, "adapter_adalora", PeftAdapter.WeightsFile));
        using var ours = SafeTensorsFile.Open(_folder.At(PeftAdapter.WeightsFile));
        Assert.Equal(theirs.Names.Order(), ours.Names.Order());
        foreach (var tensor in theirs.Names)
            Assert.Equal(theirs.Read(tensor).data<float>().ToArray(), ours.Read(tensor).data<float>().ToArray());
        JsonObject of = ConfigIn(Path.Combine(golden.Folder, "adapter_adalora")), config = ConfigIn(_folder.Path);
        Assert.Equal(of.Select(field => field.Key), config.Select(field => field.Key));
        // the reference for the decoder was made without a task
        string[] others = ["base_model_name_or_path", .. golden.Model is LanguageModel ? (string[])["auto_mapping", "task_type"] : []];
        foreach (var (field, value) in of.Where(field => !others.Contains(field.Key)))
            Assert.True(JsonNode.DeepEquals(value, config[field]), $"{field}: {value?.ToJsonString()} there, {config[field]} here");
    }

    [Theory, MemberData(nameof(Models))]
    public void An_adapter_of_PEFT_gives_the_logits_it_gave_there(string name)
    {
        using var golden = new GoldenModel(name);
        using var adapter = PeftAdapter.Read(Path.Combine(golden.Folder, "adapter_adalora"), golden.Model);
        using var _ = no_grad();
        golden.AssertClose(golden.At(Case, "logits"), golden.Logits(), 2e-5, "logits");
    }

    [Theory, MemberData(nameof(Models))]
    public void After_ranks_were_taken_away_the_files_give_the_same_bits(string name)
    {
        using var golden = new GoldenModel(name);
        var before = WrittenAfterTraining(golden);
        using (var compact = CompactAdapter.Read(_folder.At(CompactAdapter.FileName), golden.Model)) Assert.Equal(before, Logits(golden));
        using var adapter = PeftAdapter.Read(_folder.Path, golden.Model);
        Assert.Equal(before, Logits(golden));
    }

    [Theory, MemberData(nameof(Models))]
    public void Tensors_that_PEFT_has_cut_give_the_same_logits(string name)
    {
        using var golden = new GoldenModel(name);
        WrittenAfterTraining(golden);
        var cut = new Dictionary<string, Tensor>();
        var pattern = new JsonObject();
        using (var file = SafeTensorsFile.Open(_folder.At(PeftAdapter.WeightsFile)))
            foreach (var E in file.Names.Where(tensor => tensor.EndsWith("lora_E")))
            {
                var path = E[..^1];
                Tensor A = file.Read($"{path}A"), B = file.Read($"{path}B"), values = file.Read(E);
                if (cut.Count == 0) values.zero_();                              // one with no rank at all
                var left = values.to(ScalarType.Bool).flatten();
                var ranks = left.nonzero().flatten();
                pattern[E["base_model.model.".Length..]] = new JsonArray([.. left.data<bool>().ToArray().Select(one => (JsonNode)one)]);
                (cut[$"{path}A"], cut[$"{path}B"], cut[E]) =
                    (A.index_select(0, ranks), B.index_select(1, ranks), values.index_select(0, ranks));
            }
        SafeTensorsWriter.Write(_folder.At("cut"), cut);
        File.Move(_folder.At("cut"), _folder.At(PeftAdapter.WeightsFile), overwrite: true);
        var config = ConfigIn(_folder.Path);
        config["rank_pattern"] = pattern;
        _folder.File(PeftAdapter.ConfigFile, config.ToJsonString());

        float[] before;
        using (var whole = CompactAdapter.Read(_folder.At(CompactAdapter.FileName), golden.Model))
        {
            whole.Parameters.Set(cut.Keys.First(key => key.EndsWith('E')), zeros(6, 1));
            before = Logits(golden);
        }
        using var adapter = PeftAdapter.Read(_folder.Path, golden.Model);
        Assert.Equal(6, ((AdaLoraSettings)adapter.Settings).Rank);
        foreach (var (one, other) in before.Zip(Logits(golden))) Assert.Equal(one, other, 2e-5f);
    }

    [Fact]
    public void Pairs_of_different_ranks_are_refused()
    {
        using var golden = new GoldenModel("roberta-tiny");
        using (var adapter = golden.PlaceAdapter(Case)) Write(golden, adapter);
        Dictionary<string, Tensor> tensors;
        using (var file = SafeTensorsFile.Open(_folder.At(PeftAdapter.WeightsFile)))
            tensors = file.Names.ToDictionary(name => name, name => file.Read(name));
        var E = tensors.Keys.First(name => name.EndsWith("lora_E"));
        tensors[E] = tensors[E].narrow(0, 0, 4).contiguous();
        SafeTensorsWriter.Write(_folder.At("cut"), tensors);
        File.Move(_folder.At("cut"), _folder.At(PeftAdapter.WeightsFile), overwrite: true);
        var refused = Assert.Throws<RefusedInputException>(() => PeftAdapter.Read(_folder.Path, golden.Model));
        Assert.Contains("has shape [4, 1]", refused.Message);
    }

    [Fact]
    public void An_evaluation_before_the_last_ranks_are_taken_away_is_not_the_result()
    {
        using var tiny = new TinyClassifier(method: new AdaLoraSettings { Rank = 4, TargetRank = 2, Tinit = 1, Tfinal = 2 });
        var texts = TinyClassifier.Texts(16, 1);
        var settings = new TrainingSettings { BatchSize = 4, LearningRate = 1e-12, EvaluateEvery = 1, EarlyStopping = 2 };
        var progress = TrainingLoop.Run(tiny.Job(texts, texts, settings, 8), null, _ => { }, CancellationToken.None);
        Assert.Equal((8, 8, 7), (progress.Step, progress.History.Count, progress.Best!.Step)); // all are equally good
        Assert.Equal(tiny.Adapter.CountsOf(tiny.Adapter.Plan).Adapter - 6 * 2 * 65, tiny.Adapter.Counts.Adapter);
    }

    [Fact]
    public void A_stage_without_a_step_between_is_refused_before_it_begins()
    {
        using var tiny = new TinyClassifier(method: new AdaLoraSettings { Rank = 4, TargetRank = 2, Tinit = 5, Tfinal = 5 });
        var refused = Assert.Throws<RefusedInputException>(() => tiny.Adapter.Tuning.Begin(10));
        Assert.Equal("adalora.tinit", Assert.Single(refused.Faults).Path);
        tiny.Adapter.Tuning.Begin(11);
    }

    /// <summary>PEFT's twelve steps on one batch, each with the loss before it.</summary>
    private static IEnumerable<(JsonElement Step, double Loss, FlatParameters Values)> Trained(GoldenModel golden, Adapter adapter)
    {
        using var adamw = new AdamW(adapter.Parameters, weightDecay: 0);
        adapter.Tuning.Begin(12);
        foreach (var (t, expected) in golden.At(Case, "trace").EnumerateArray().Index())
        {
            using var scope = NewDisposeScope();
            var loss = golden.Loss();
            loss.backward();
            var step = new OptimizerStep(t + 1, 12, 1e-2);
            adapter.Tuning.BeforeStep(adapter.Parameters, step);
            adamw.Step(step.Number, [new(adapter.Parameters.Values.numel(), step.Rate)]);
            adapter.Tuning.AfterStep(adapter.Parameters, step);
            yield return (expected, loss.item<float>(), adapter.Parameters);
        }
    }

    /// <summary>Leaves both files of the trained adapter in the folder, and the model without it.</summary>
    private float[] WrittenAfterTraining(GoldenModel golden)
    {
        using var adapter = golden.PlaceAdapter(Case);
        foreach (var _ in Trained(golden, adapter)) { }
        Write(golden, adapter);
        CompactAdapter.Write(_folder.At(CompactAdapter.FileName), adapter);
        return Logits(golden);
    }

    private void Write(GoldenModel golden, Adapter adapter) =>
        PeftAdapter.Write(_folder.Path, golden.Model, adapter, [.. golden.TargetsOf(Case).Order(StringComparer.Ordinal)], "base");

    private static JsonObject ConfigIn(string folder) =>
        JsonNode.Parse(File.ReadAllText(Path.Combine(folder, PeftAdapter.ConfigFile)))!.AsObject();

    private static float[] Logits(GoldenModel golden)
    {
        using var _ = no_grad();
        return golden.Logits().data<float>().ToArray();
    }
}
