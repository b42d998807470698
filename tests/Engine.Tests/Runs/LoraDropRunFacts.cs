using System.Text.Json.Nodes;
using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Tests;

/// <summary>Whole runs, from files to files.</summary>
public sealed class LoraDropRunFacts : IDisposable
{
    private readonly TinyTask _task = new();

    public void Dispose() => _task.Dispose();

    [Fact]
    public void What_the_branches_put_out_is_measured_again_after_sharing_on_the_same_sample()
    {
        var (result, events) = _task.Run(_task.Request(json => json["importance"]!["after"] = true), _task.Out());
        var before = events.OfType<RunEvent.ImportanceMeasured>().Single().Report.Sites;
        Assert.Equal(before.Select(site => (site.Type, site.Layer)), result!.Outputs!.Select(site => (site.Type, site.Layer)));
        Assert.All(result.Outputs!.Zip(before), pair => Assert.Equal(pair.Second.Norms.Counts.Sum(), pair.First.Norms.Counts.Sum()));
        Assert.All(result.Outputs!, site => Assert.True(site.G > 0));
        Assert.Null(_task.Run(_task.Request(), _task.Out("without")).Result!.Outputs);
    }

    [Fact]
    public void Branches_are_switched_off_after_training_and_the_scores_are_those_of_the_model_with_and_without_them()
    {
        var request = _task.Request(json =>
        {
            json["method"] = "lora";
            json["switchOff"] = JsonNode.Parse("""{ "threshold": 0.5 }""");
            foreach (var section in (string[])["importance", "sharing"]) json.Remove(section);
            json["training"]!["epochs"] = 4;
        });
        var (result, _) = _task.Run(request, _task.Out());
        var off = result!.SwitchedOff!;
        Assert.Equal(result.Scores.PrimaryValue, off.All);
        Assert.Equal(["query", "value"], off.Kept.Keys.Order());
        Assert.All(off.Kept.Values, kept => Assert.InRange(kept.Count, 1, 2)); // half of the importance of three layers

        using var trained = TrainedAdapter.Open(Path.Combine(_task.Out(), "adapter"), null, CPU);
        var validation = trained.Read(_task.Files, 42).Validation;
        double Score() => Evaluation.ScoresOf(trained.Model, validation, trained.Task, 8, CancellationToken.None).Scores.PrimaryValue;
        foreach (var site in trained.Adapter.Sites.Where(site => !off.Kept[site.Site.Type].Contains(site.Site.Layer)))
            site.Linear.Branch = null;
        Assert.Equal(off.LargeOnly, Score());
        foreach (var site in trained.Adapter.Sites) site.Linear.Branch = null;
        Assert.Equal(off.None, Score());
    }

    [Fact]
    public void Both_stages_run_and_leave_everything_in_the_folder()
    {
        var (result, events) = _task.Run(_task.Request(), _task.Out());
        Assert.Equal([Stage.ImportanceEvaluation, Stage.TaskAdaptation],
            events.OfType<RunEvent.StageStarted>().Select(started => started.Stage));
        Assert.Equal([2, 10], events.OfType<RunEvent.StageStarted>().Select(started => started.Steps));
        Assert.Equal(new Dictionary<Stage, int> { [Stage.ImportanceEvaluation] = 2, [Stage.TaskAdaptation] = 10 },
            Assert.Single(events.OfType<RunEvent.Planned>()).Steps);
        Assert.All(result!.Kept, kept => Assert.Single(kept.Value));
        Assert.Equal([4, 8, 10], result.History.Select(evaluation => evaluation.Step));
        Assert.Equal(["adapter_compact.safetensors", "adapter_config.json", "adapter_model.safetensors", "loradrop.json", "README.md"],
            Directory.GetFiles(Path.Combine(_task.Out(), "adapter")).Select(Path.GetFileName).Order(StringComparer.OrdinalIgnoreCase));
        Assert.All((string[])["result.json", "importance.json", "importance.svg", "run.json"],
            name => Assert.True(File.Exists(Path.Combine(_task.Out(), name)), name));
        Assert.False(File.Exists(Path.Combine(_task.Out(), "run.lock")), "the folder is still locked");
    }

    [Fact]
    public void The_adapter_of_a_run_scores_what_the_run_says()
    {
        var (result, _) = _task.Run(_task.Request(), _task.Out());
        using var trained = TrainedAdapter.Open(Path.Combine(_task.Out(), "adapter"), null, CPU);
        var validation = trained.Read(_task.Files, 42).Validation;
        Assert.Equal(result!.Scores.Values, Evaluation.ScoresOf(trained.Model, validation, trained.Task, 4,
            CancellationToken.None).Scores.Values);
    }

    [Fact]
    public void A_run_that_is_stopped_at_any_event_and_goes_on_leaves_the_same_bytes()
    {
        var events = _task.Run(_task.Request(), _task.Out("whole")).Events;
        // the last: before the last evaluation
        foreach (var stopAt in new[] { 1, 2, 3, 5, 6, 8, 11, events.Count / 2, events.Count - 2 }.Distinct())
        {
            var folder = _task.Out($"stopped at {stopAt}");
            Assert.Null(_task.Run(_task.Request(), folder, stopAt).Result);
            Assert.NotNull(_task.Run(_task.Request(), folder).Result);
            AssertSameOutcome(_task.Out("whole"), folder);
        }
    }

    [Fact]
    public void Only_stages_whose_outcome_is_not_known_are_planned()
    {
        Assert.Equal([Stage.TaskAdaptation], Planned(_task.Run(Lora(), _task.Out("lora"))));
        _task.Run(_task.Request(), _task.Out("first"), stopAt: 8); // in stage 2
        Assert.Equal([Stage.TaskAdaptation], Planned(_task.Run(_task.Request(), _task.Out("first"))));
        Assert.Equal([Stage.TaskAdaptation],
            Planned(_task.Run(_task.Request(json => json["importance"] = From("first")), _task.Out("second"))));

        static IEnumerable<Stage> Planned((RunResult?, IReadOnlyList<RunEvent> Events) run) =>
            Assert.Single(run.Events.OfType<RunEvent.Planned>()).Steps.Keys;
    }

    [Fact]
    public void A_test_file_without_labels_is_remarked_on_and_not_scored()
    {
        var test = Path.Combine(Path.GetDirectoryName(_task.Files.Train)!, "test.tsv");
        File.WriteAllText(test, "text\tmood\nthe film was fine\t-1\n");
        var (result, events) = _task.Run(_task.Request(), _task.Out(),
            inputs: _task.Inputs(_task.Request()) with { Data = _task.Files with { Test = test } });
        Assert.Single(events.OfType<RunEvent.Remark>(), remark => remark.Text.StartsWith("test.tsv is left out", StringComparison.Ordinal));
        Assert.Null(result!.Test);
    }

    [Fact]
    public void The_base_model_is_called_what_the_caller_calls_it()
    {
        var request = _task.Request(json => json["model"] = "registered");
        _task.Run(request, _task.Out(), inputs: _task.Inputs(request) with { BaseModel = "hub/tiny" });
        string Text(string name) => File.ReadAllText(Path.Combine(_task.Out(), "adapter", name));
        Assert.Equal("hub/tiny", JsonNode.Parse(Text("adapter_config.json"))!["base_model_name_or_path"]!.GetValue<string>());
        Assert.Equal("hub/tiny", JsonNode.Parse(Text("loradrop.json"))!["baseModel"]!.GetValue<string>());
        Assert.Contains("adapter for hub/tiny", Text("README.md"));
    }

    [Fact]
    public void A_threshold_of_1_is_ordinary_LoRA_bit_by_bit()
    {
        _task.Run(_task.Request(json => json["sharing"] = new JsonObject { ["threshold"] = 1 }), _task.Out("drop"));
        _task.Run(Lora(), _task.Out("lora"));
        Assert.Equal(Bytes(_task.Out("lora"), "adapter", "adapter_model.safetensors"),
            Bytes(_task.Out("drop"), "adapter", "adapter_model.safetensors"));
    }

    [Fact]
    public void Ordinary_LoRA_measures_no_importance()
    {
        var (result, events) = _task.Run(Lora(), _task.Out());
        Assert.Equal([Stage.TaskAdaptation], events.OfType<RunEvent.StageStarted>().Select(started => started.Stage));
        Assert.Equal(result!.LoraParameters, result.Parameters.Adapter);
        Assert.False(File.Exists(Path.Combine(_task.Out(), "importance.json")), "importance was measured");
    }

    [Fact]
    public void A_number_is_learned_as_a_class_is()
    {
        var request = _task.Request(json => json["task"] =
            JsonNode.Parse("""{"kind": "regression", "columns": {"first": "text", "label": "score"}, "metric": "spearman"}"""));
        var (result, _) = _task.Run(request, _task.Out());
        Assert.Equal("spearman", result!.Scores.Primary);
        using var trained = TrainedAdapter.Open(Path.Combine(_task.Out(), "adapter"), null, CPU);
        Assert.Equal(1, trained.Classifier.Classes);
        var validation = trained.Read(_task.Files, 42).Validation;
        Assert.Equal(result.Scores.Values, Evaluation.ScoresOf(trained.Model, validation, trained.Task, 4,
            CancellationToken.None).Scores.Values);
    }

    [Fact]
    public void Another_seed_is_another_adapter()
    {
        _task.Run(_task.Request(), _task.Out("42"));
        _task.Run(_task.Request(json => json["training"]!["seed"] = 43), _task.Out("43"));
        Assert.NotEqual(Bytes(_task.Out("42"), "adapter", "adapter_model.safetensors"),
            Bytes(_task.Out("43"), "adapter", "adapter_model.safetensors"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)] // a third layer under the cut would share with nobody
    [InlineData(3)]
    public void As_many_layers_of_each_type_keep_a_LoRA_as_asked(int keep)
    {
        var result = _task.Run(_task.Request(json => json["sharing"]!["keep"] = keep), _task.Out()).Result!;
        Assert.All(result.Kept, kept => Assert.Equal(keep == 1 ? 1 : 3, kept.Value.Count));
        Assert.Equal(keep == 1 ? 2 * 64 : 6 * 64, result.Parameters.WithoutShared); // 2 · (16 + 16) a LoRA
        Assert.Equal(keep == 1 ? 4 * 64 : 6 * 64, result.Parameters.Adapter);
    }

    [Fact]
    public void Without_sharing_the_other_layers_are_written_as_zeros()
    {
        var result = _task.Run(_task.Request(json => json["sharing"]!["remainder"] = "none"), _task.Out()).Result!;
        Assert.Equal(result.Parameters.WithoutShared, result.Parameters.Adapter);
        using var file = SafeTensorsFile.Open(Path.Combine(_task.Out(), "adapter", "adapter_model.safetensors"));
        var kept = result.Kept["query"].Single();
        Assert.All(Enumerable.Range(0, 3).Where(layer => layer != kept), layer => Assert.Equal(0, LargestB(file, layer)));
        Assert.NotEqual(0, LargestB(file, kept));
    }

    [Fact]
    public void Inverse_keeps_the_layers_that_would_have_shared()
    {
        var important = _task.Run(_task.Request(), _task.Out("importance")).Result!;
        var inverse = _task.Run(_task.Request(json => (json["sharing"]!["select"], json["sharing"]!["remainder"]) = ("inverse", "none")),
            _task.Out("inverse")).Result!;
        foreach (var (type, kept) in important.Kept) Assert.Equal(Enumerable.Range(0, 3).Except(kept), inverse.Kept[type]);
    }

    [Fact]
    public void Jointly_the_modules_of_a_layer_share_its_fate()
    {
        var result = _task.Run(_task.Request(json => json["importance"]!["scope"] = "joint"), _task.Out()).Result!;
        Assert.Equal(result.Kept["query"], result.Kept["value"]);
    }

    [Fact]
    public void The_importance_of_another_run_is_cut_anew_without_measuring_again()
    {
        _task.Run(_task.Request(), _task.Out("first"));
        var (result, events) = _task.Run(_task.Request(json => (json["importance"], json["sharing"]!["keep"]) = (From("first"), 3)),
            _task.Out("second"));
        Assert.Equal([Stage.TaskAdaptation], events.OfType<RunEvent.StageStarted>().Select(started => started.Stage));
        Assert.Equal(LoraDropRun.ReadImportance(_task.Out("first")).Importance(),
            LoraDropRun.ReadImportance(_task.Out("second")).Importance());
        Assert.Equal(3, result!.Kept["query"].Count);
    }

    [Fact]
    public void A_warm_start_goes_on_from_the_numbers_of_stage_1()
    {
        // One step, whose rate is that of the beginning warm-up, 0: what is written is where stage 2 starts.
        _task.Run(_task.Request(json => (json["sharing"]!["warmStart"], json["training"]!["maxSteps"]) = (true, 1)), _task.Out());
        using var stage1 = SafeTensorsFile.Open(Path.Combine(_task.Out(), "importance-adapter.safetensors"));
        using var adapter = SafeTensorsFile.Open(Path.Combine(_task.Out(), "adapter", "adapter_compact.safetensors"));
        Assert.All(adapter.Names.Where(name => !name.StartsWith("shared.")),
            name => Assert.True(stage1.Read(name).eq(adapter.Read(name)).all().item<bool>(), name));
        Assert.All(adapter.Names.Where(name => name.StartsWith("shared.") && name.Contains("lora_B")),
            name => Assert.Equal(0, adapter.Read(name).abs().max().item<float>()));
    }

    [Fact]
    public void A_warm_start_by_rank_goes_on_from_the_directions_with_the_most_energy()
    {
        _task.Run(_task.Request(json => (json["sharing"], json["training"]!["maxSteps"]) = (ByRank(), 1)), _task.Out());
        var report = LoraDropRun.ReadImportance(_task.Out());
        using var stage1 = SafeTensorsFile.Open(Path.Combine(_task.Out(), "importance-adapter.safetensors"));
        using var adapter = SafeTensorsFile.Open(Path.Combine(_task.Out(), "adapter", "adapter_compact.safetensors"));
        var own = report.Sites.Where(site => site.Rank is not null).ToArray();
        Assert.Contains(own, site => site.Rank < site.Energies!.Count);
        foreach (var site in own)
        {
            var name = adapter.Names.Single(name => name.Contains($"layer.{site.Layer}.") && name.EndsWith($"{site.Type}.lora_A.weight"));
            Assert.True(stage1.Read(name).narrow(0, 0, site.Rank!.Value).eq(adapter.Read(name)).all().item<bool>(), name);
        }
    }

    private static JsonObject ByRank() => new() { ["granularity"] = "rank", ["warmStart"] = true, ["threshold"] = 0.8 };

    [Fact]
    public void A_warm_start_by_rank_from_a_stage_1_whose_ranks_are_not_sorted_is_refused()
    {
        _task.Run(_task.Request(), _task.Out("first"));
        var request = _task.Request(json => (json["importance"], json["sharing"]) = (From("first"), ByRank()));
        Assert.Equal("sharing.warmStart", Assert.Single(Assert.Throws<RefusedInputException>(() => _task.Run(request, _task.Out("second"),
            inputs: _task.Inputs(request) with { Stage1Adapter = Path.Combine(_task.Out("first"), "importance-adapter.safetensors") }))
            .Faults).Path);
    }

    [Theory]
    [InlineData("lora", "rank", "17", "lora.rank")]
    [InlineData("lora", "targets", """["query", "gate_proj"]""", "lora.targets[1]")]
    [InlineData("importance", "from", "\"nowhere\"", "nowhere")]
    public void A_setting_that_does_not_fit_the_model_is_refused_before_the_folder_is_made(string section, string field, string value,
    string path)
    {
        var request = _task.Request(json => json[section]![field] = JsonNode.Parse(value));
        Assert.Equal(path, Assert.Single(Assert.Throws<RefusedInputException>(() => _task.Run(request, _task.Out())).Faults).Path);
        Assert.False(Directory.Exists(_task.Out()), "the folder was made");
    }

    [Fact]
    public void The_importance_of_other_layers_is_refused()
    {
        _task.Run(_task.Request(), _task.Out("first"));
        var request = _task.Request(json => (json["importance"], json["lora"]!["targets"]) = (From("first"), new JsonArray("key")));
        Assert.Equal("importance.from",
            Assert.Single(Assert.Throws<RefusedInputException>(() => _task.Run(request, _task.Out("second"))).Faults).Path);
    }

    [Fact]
    public void A_warm_start_without_a_stage_1_is_refused()
    {
        _task.Run(_task.Request(), _task.Out("first"));
        var request = _task.Request(json => (json["importance"], json["sharing"]!["warmStart"]) = (From("first"), true));
        Assert.Equal("sharing.warmStart",
            Assert.Single(Assert.Throws<RefusedInputException>(() => _task.Run(request, _task.Out("second"))).Faults).Path);
        Assert.False(Directory.Exists(_task.Out("second")), "the folder was made");
    }

    [Fact]
    public void A_warm_start_goes_on_from_the_stage_1_of_another_run()
    {
        _task.Run(_task.Request(), _task.Out("first"));
        _task.Run(_task.Request(json => json["sharing"]!["warmStart"] = true), _task.Out("whole"));
        var request = _task.Request(json => (json["importance"], json["sharing"]!["warmStart"]) = (From("first"), true));
        _task.Run(request, _task.Out("second"),
            inputs: _task.Inputs(request) with { Stage1Adapter = Path.Combine(_task.Out("first"), "importance-adapter.safetensors") });
        Assert.Equal(Bytes(_task.Out("whole"), "adapter", "adapter_model.safetensors"),
            Bytes(_task.Out("second"), "adapter", "adapter_model.safetensors"));
    }

    [Fact]
    public void A_warm_start_from_a_stage_1_of_another_rank_is_refused_before_the_folder_is_made()
    {
        _task.Run(_task.Request(), _task.Out("first"));
        var request = _task.Request(json => (json["importance"], json["sharing"]!["warmStart"], json["lora"]!["rank"]) =
            (From("first"), true, 3));
        var stage1 = Path.Combine(_task.Out("first"), "importance-adapter.safetensors");
        var fault = Assert.Single(Assert.Throws<RefusedInputException>(() =>
            _task.Run(request, _task.Out("second"), inputs: _task.Inputs(request) with { Stage1Adapter = stage1 })).Faults);
        Assert.Equal(stage1, fault.Path);
        Assert.EndsWith("has shape [2, 16], but the adapter asks for [3, 16]", fault.Message);
        Assert.False(Directory.Exists(_task.Out("second")), "the folder was made");
    }

    [Theory]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("[]")]
    public void A_file_that_is_no_importance_or_no_task_is_refused(string json)
    {
        Directory.CreateDirectory(_task.Out());
        foreach (var name in (string[])["importance.json", "loradrop.json"]) File.WriteAllText(Path.Combine(_task.Out(), name), json);
        Assert.Equal(Path.Combine(_task.Out(), "importance.json"),
            Assert.Single(Assert.Throws<RefusedInputException>(() => LoraDropRun.ReadImportance(_task.Out())).Faults).Path);
        Assert.Equal(Path.Combine(_task.Out(), "loradrop.json"),
            Assert.Single(Assert.Throws<RefusedInputException>(() => AdapterTask.Read(_task.Out())).Faults).Path);
    }

    private JobRequest Lora() => _task.Request(json =>
    {
        json["method"] = "lora";
        json.Remove("importance");
        json.Remove("sharing");
    });

    private JsonObject From(string run) => new() { ["from"] = _task.Out(run) };

    private static float LargestB(SafeTensorsFile file, int layer)
    {
        using var B = file.Read($"base_model.model.roberta.encoder.layer.{layer}.attention.self.query.lora_B.weight");
        return B.abs().max().item<float>();
    }

    private static void AssertSameOutcome(string expected, string actual)
    {
        foreach (var path in (string[][])[["adapter", "adapter_model.safetensors"], ["adapter", "adapter_compact.safetensors"],
            ["importance.json"], ["result.json"]])
            Assert.True(Bytes(expected, path).SequenceEqual(Bytes(actual, path)),
                $"{Path.Combine(path)} of {Path.GetFileName(actual)} differs");
    }

    private static byte[] Bytes(string folder, params string[] path) => File.ReadAllBytes(Path.Combine([folder, .. path]));
}
