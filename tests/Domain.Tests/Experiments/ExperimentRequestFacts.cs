namespace LoraDrop.Domain.Tests;

/// <summary>What an experiment's request becomes, and what of it is refused.</summary>
public sealed class ExperimentRequestFacts
{
    private const string Base = """ "base": { "model": "m", "dataset": "d", "task": { "preset": "glue/rte" } } """;

    [Theory]
    [InlineData(""" "grid": { "sharing.treshold": [0.5] } """, "grid.sharing.treshold: unknown field; did you mean threshold?")]
    [InlineData(""" "grid": { "lora.rank.x": [1] } """, "grid.lora.rank.x: lora.rank: must be a whole number below 2147483648; got an object")]
    [InlineData(""" "grid": { "training.seed": [1, 2, 1] } """, "grid.training.seed[2]: 1 is there already, as number 0")]
    [InlineData(""" "grid": { "training.seed": [] } """, "grid.training.seed: must have at least one value")]
    [InlineData(""" "grid": { "training.seed": 1 } """, "grid.training.seed: must be a list of values")]
    [InlineData(""" "grid": { "method": ["lora", "lorra"] } """, "grid.method: must be one of ")]
    [InlineData(""" "grid": { "what": [{ "name": "a", "set": { "lora.rank": 4 } }, { "name": "b", "set": { "lora.rank": 4 } }] } """,
        "grid: has the same job twice: what a, and what b")]
    [InlineData(""" "grid": { "what": [{ "set": { "lora.rank": 4 } }] } """, "grid.what[0].name: is required beside set")]
    [InlineData(""" "grid": { "what": [{ "name": "a", "set": {} }] } """, "grid.what[0].set: must be an object with at least one setting")]
    [InlineData(""" "grid": { "what": [{ "name": "a", "set": { "lora.rank": 0 } }] } """, "grid.what: lora.rank: must be at least 1; got 0")]
    [InlineData(""" "grid": { "method": ["lora"] }, "baseline": { "method": "vera" } """,
        "baseline.method: must be a value of that axis (lora); got vera")]
    [InlineData(""" "grid": { "method": ["lora"] }, "baseline": { "model": "m" } """, "baseline.model: must be an axis of the grid")]
    [InlineData(""" "grid": { "method": ["lora"] }, "parallel": 0 """, "parallel: must lie in [1, 256]; got 0")]
    [InlineData(""" "grid": { "method": ["lora"] }, "labels": { "experiment": "x" } """, "labels.experiment: is set to the id")]
    [InlineData(""" "grid": { "method": ["lora"] }, "tasks": { "glue/rte": "rte" } """, "tasks: applies only with a preset")]
    [InlineData(""" "labels": {} """, "grid: must have at least one axis")]
    [InlineData(""" "preset": "paper/table-9" """, "preset: must be one of paper/table-1, ")]
    [InlineData(""" "preset": "paper/table-1", "model": "m", "tasks": {} """, "tasks: must say where the data is, by task")]
    [InlineData(""" "preset": "paper/table-1", "model": "m", "tasks": { "glue/rtee": "d" } """, "tasks.glue/rtee: is no task preset; did you mean")]
    [InlineData(""" "preset": "paper/table-1", "tasks": { "glue/rte": "d" } """, "model: is required")]
    [InlineData(""" "preset": "paper/table-1", "model": "m", "tasks": { "glue/rte": "d" }, "methods": ["LORA"] """,
        "methods[0]: must be one of Full-FT, LoRA")]
    [InlineData(""" "preset": "paper/table-1", "model": "m", "tasks": { "glue/rte": "d" }, "seeds": ["a"] """,
        "seeds: must be a list of whole numbers")]
    public void What_is_wrong_is_refused_at_the_place_where_it_was_written(string fields, string fault) =>
        Assert.Contains(Faults($$"""{ {{(fields.Contains("preset") ? "" : Base + ",")}} {{fields}} }"""),
            found => found.ToString().StartsWith(fault, StringComparison.Ordinal));

    [Fact]
    public void A_fault_of_the_common_settings_is_reported_once_and_names_the_first_job()
    {
        var faults = Faults("""
            { "base": { "model": "m", "dataset": "d", "task": { "preset": "glue/rte" }, "lora": { "rank": -1 } },
              "grid": { "method": ["lora-drop", "lora"], "training.seed": [1, 2] } }
            """);
        Assert.Equal("base.lora.rank: must be at least 1; got -1 (first in the job with method lora-drop, training.seed 1)",
            Assert.Single(faults).ToString());
    }

    [Fact]
    public void A_grid_that_is_too_large_is_refused_with_its_number_before_a_job_is_made()
    {
        var request = ExperimentRequest.Parse($$"""
            { {{Base}}, "grid": { "training.seed": [{{string.Join(',', Enumerable.Range(1, 300))}}], "lora.rank": [1, 2] } }
            """);
        Assert.Equal("grid: has 600 combinations, and an experiment may have 500 jobs; take fewer values",
            Assert.Single(ExperimentPlan.Of(request, 500).Faults).ToString());
    }

    [Fact]
    public void A_setting_that_does_not_apply_to_a_method_is_left_out_with_a_remark_and_its_jobs_are_one()
    {
        var plan = PlanOf("""
            { "base": { "model": "m", "dataset": "d", "task": { "preset": "glue/rte" }, "importance": { "sampleRatio": 0.2 },
                "vera": { "rank": 64 } },
              "grid": { "method": ["lora", "lora-drop", "vera", { "name": "VeRA-drop", "set": { "method": "vera", "sharing.keep": 2 } }],
                "sharing.threshold": [0.5, 0.9] } }
            """);
        Assert.Equal(["method lora", "method lora-drop, sharing.threshold 0.5", "method lora-drop, sharing.threshold 0.9", "method vera",
            "method VeRA-drop"], plan.Points.Select(point => point.ToString()));
        Assert.Equal([null, 0.5, 0.9, null, null], plan.Points.Select(point => point.Draft.Request.Sharing?.Threshold?.T));
        Assert.Equal(2, plan.Points[4].Draft.Request.Sharing!.Keep);
        Assert.Equal([64, 64], plan.Points.Select(point => point.Draft.Request.Tuning).OfType<VeraSettings>().Select(vera => vera.Rank));
        Assert.Equal(2, plan.Remarks.Count);
        Assert.Contains("sharing.threshold is left out of jobs with the method lora, to which it does not apply.", plan.Remarks);
    }

    [Fact]
    public void Jobs_that_differ_only_in_what_is_kept_share_an_importance_evaluation()
    {
        var jobs = PlanOf($$"""
            { {{Base}}, "grid": { "sharing.remainder": ["share", "none"], "sharing.threshold": [0.5, 0.9], "training.seed": [1, 2] } }
            """).Points.Select(point => point.Draft.Request).ToArray();
        var shared = ExperimentPlan.SharedImportance(jobs);
        Assert.Equal([2, 3, 4, 5, 6, 7], shared.Keys.Order());
        Assert.All(shared, pair => Assert.Equal(jobs[pair.Key].Training.Seed, jobs[pair.Value].Training.Seed));
    }

    [Fact]
    public void Parsing_the_resolved_request_gives_the_same_jobs_also_of_a_preset()
    {
        var request = ExperimentRequest.Parse("""
            { "preset": "paper/table-1", "model": "m", "tasks": { "glue/mrpc": "b", "glue/rte": "a" }, "methods": ["LoRA", "LoRA-drop"],
              "base": { "training": { "epochs": 2 } } }
            """);
        var again = ExperimentRequest.Parse(request.ToJson());
        Assert.Equal(request.ToJson(), again.ToJson());
        var plan = ExperimentPlan.Of(again, 500);
        Assert.Empty(plan.Faults);
        Assert.Equal(12, plan.Points.Count);
        Assert.Equal("task RTE, method LoRA, training.seed 1", plan.Points[0].ToString());   // in the paper's order
        Assert.All(plan.Points, point => Assert.Equal(2, point.Draft.Request.Training.Epochs));
        Assert.Equal("LoRA", again.Baseline!["method"]);
    }

    [Fact]
    public void More_seeds_extend_the_axis_or_make_one_and_known_ones_are_refused()
    {
        var one = ExperimentRequest.Parse($$"""{ {{Base}}, "grid": { "method": ["lora", "lora-drop"] } }""");
        var more = one.WithSeeds([1, 2]);
        Assert.Equal(["42", "1", "2"], more.Grid[^1].Values.Select(value => value.Label));
        Assert.Equal("seeds[1]: 2 is a seed of this experiment already",
            Assert.Throws<RefusedInputException>(() => more.WithSeeds([3, 2])).Message);
    }

    /// <summary>The parts of the paper's tables add up to the averages that it prints.</summary>
    [Theory]
    [InlineData("paper/table-1", "LoRA-drop", 86.2)]
    [InlineData("paper/table-1", "LoRA", 86.1)]
    [InlineData("paper/table-1", "VeRA", 83.9)]
    [InlineData("paper/table-3", "LoRA", 86.0)]
    [InlineData("paper/table-4", "T = 0.95", 82.2)]
    [InlineData("paper/table-5", "LoRA-drop", 86.5)]
    [InlineData("paper/table-5", "inverse", 85.5)]
    [InlineData("paper/table-6", "LoRA-drop", 89.1)]
    [InlineData("paper/table-7", "Full-FT", 87.3)]
    public void The_papers_own_figures_have_the_papers_average(string preset, string row, double average)
    {
        var table = PaperPresets.Find(preset)!;
        Assert.Equal(average, table.Tasks.Average(task => table.ScoreOf(row, PaperPreset.TitleOf(task))!.Value), 0.0501);
    }

    [Fact]
    public void Every_preset_makes_valid_jobs()
    {
        foreach (var preset in PaperPresets.All)
        {
            var tasks = string.Join(", ", preset.Tasks.Select(task => $"\"{task}\": \"d\""));
            var plan = PlanOf($$"""{ "preset": "{{preset.Name}}", "model": "m", "tasks": { {{tasks}} } }""");
            Assert.Empty(plan.Faults);
            Assert.Equal(preset.Tasks.Count * preset.Rows.Count * 3, plan.Points.Count);
        }
    }

    private static ExperimentPlan PlanOf(string json) => ExperimentPlan.Of(ExperimentRequest.Parse(json), 500);

    private static IReadOnlyList<Fault> Faults(string json)
    {
        try
        {
            return PlanOf(json).Faults;
        }
        catch (RefusedInputException refused)
        {
            return refused.Faults;
        }
    }
}
