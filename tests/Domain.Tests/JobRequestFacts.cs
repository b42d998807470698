namespace LoraDrop.Domain.Tests;

public sealed class JobRequestFacts
{
    private const string Least = """{ "model": "roberta-base", "dataset": "rte", "task": { "preset": "glue/rte" } }""";

    [Fact]
    public void Model_dataset_and_task_are_enough_and_the_rest_is_the_papers()
    {
        var job = JobRequest.Parse(Least);
        Assert.Same(Methods.LoraDrop, job.Method);
        var lora = Assert.IsType<LoraSettings>(job.Tuning);
        Assert.Equal((8, 8.0, 0.0), (lora.Rank, lora.Alpha, lora.Dropout));
        Assert.Equal(["query", "value"], lora.Targets);
        Assert.Equal(new ImportanceSettings { SampleRatio = 0.1, Epochs = 3, Scope = ImportanceScope.PerType }, job.Importance);
        Assert.Equal(new SharingSettings { Threshold = 0.9, Remainder = Remainder.Share, Select = Selection.Importance }, job.Sharing);
        Assert.Equal((80, 32, 5e-4, 0.06), (job.Training.Epochs, job.Training.BatchSize, job.Training.LearningRate,
            job.Training.WarmupRatio));
        Assert.Equal(["entailment", "not_entailment"], job.Task.Labels);
    }

    [Fact]
    public void Without_a_preset_the_task_is_spelled_out()
    {
        var job = JobRequest.Parse("""
            { "model": "m", "dataset": "d", "task": { "kind": "regression", "columns": { "first": "a", "second": "b", "label": "y" } } }
            """);
        Assert.Equal(new TaskColumns("a", "b", "y"), Assert.Single(job.Task.ColumnChoices));
        Assert.Equal(Metric.Spearman, job.Task.Metric);
        Assert.Equal((30, 32, 5e-4), (job.Training.Epochs, job.Training.BatchSize, job.Training.LearningRate));
    }

    [Theory]
    [InlineData(Least)]
    [InlineData("""{ "model": "m", "dataset": "d", "task": { "preset": "glue/mnli", "metric": "macro-f1" } }""")]
    [InlineData("""{ "model": "m", "dataset": "d", "task": { "preset": "glue/rte" }, "priority": "low", "worker": { "labels": { "zone": "eu", "gpu": "H100" }, "memoryGiB": 79.5 } }""")]
    [InlineData("""{ "model": "m", "dataset": "d", "task": { "preset": "glue/stsb" }, "method": "lora", "labels": { "b": "2", "a": "„x“" } }""")]
    [InlineData("""
        { "name": "n", "model": "m", "dataset": "d", "task": { "kind": "classification", "columns": { "first": "0", "label": "1" }, "labels": ["a", "b"], "metric": "f1" },
          "lora": { "rank": 4, "alpha": 16.5, "dropout": 0.1, "targets": ["key"] }, "importance": { "steps": 100, "sampleRatio": 1, "scope": "joint", "from": "x" },
          "sharing": { "keep": 5, "remainder": "none", "select": "inverse", "warmStart": true },
          "training": { "seed": -9007199254740993, "evaluateEvery": 10, "earlyStopping": 3, "maxSteps": 7, "schedule": "cosine", "classifierLearningRate": 1e-3, "maxGradNorm": 0 } }
        """)]
    [InlineData("""{ "model": "m", "dataset": "d", "task": { "preset": "glue/rte" }, "method": "lora", "initialAdapter": "hf:org/a" }""")]
    [InlineData("""{ "model": "m", "dataset": "d", "task": { "preset": "glue/rte" }, "sharing": { "threshold": "auto", "granularity": "rank" } }""")]
    public void What_is_echoed_reads_as_the_same_request(string json)
    {
        var job = JobRequest.Parse(json);
        Assert.Equal(job, JobRequest.Parse(job.ToJson()));
    }

    [Fact]
    public void Steps_and_keep_take_the_place_of_epochs_and_threshold()
    {
        var job = With("""
            "importance": { "steps": 50 }, "sharing": { "keep": 6 }
            """);
        Assert.Null(job.Importance!.Epochs);
        Assert.Null(job.Sharing!.Threshold);
    }

    [Theory]
    [InlineData(""" "sharing": { "threshold": "most" } """, "sharing.threshold")]
    [InlineData(""" "sharing": { "threshold": 0 } """, "sharing.threshold")]
    [InlineData(""" "sharing": { "threshold": "auto", "keep": 3 } """, "sharing.keep")]
    [InlineData(""" "sharing": { "granularity": "rank", "keep": 3 } """, "sharing.keep")]
    [InlineData(""" "sharing": { "granularity": "rank", "select": "top" } """, "sharing.select")]
    [InlineData(""" "sharing": { "granularity": "column" } """, "sharing.granularity")]
    [InlineData(""" "sharing": { "granularity": "rank" }, "importance": { "scope": "joint" } """, "importance.scope")]
    [InlineData(""" "method": "vera", "sharing": { "granularity": "rank" } """, "sharing.granularity")]
    [InlineData(""" "lora": { "start": "olora" }, "sharing": { "granularity": "rank", "remainder": "none" } """, "lora.start")]
    public void A_cut_by_rank_or_of_its_own_that_makes_no_sense_is_refused(string more, string path) =>
        Assert.Equal([path], Assert.Throws<RefusedInputException>(() => With(more)).Faults.Select(fault => fault.Path));

    [Fact]
    public void A_pattern_without_a_number_is_refused() => Assert.Equal(["lora.rankPattern.query"],
        Assert.Throws<RefusedInputException>(() => With(""" "lora": { "rankPattern": { "query": null } } """)).Faults.Select(f => f.Path));

    [Fact]
    public void Null_means_the_default() =>
    Assert.Equal(JobRequest.Parse(Least), With(""" "name": null, "lora": null, "sharing": { "threshold": null } """));

    [Fact]
    public void Plain_LoRA_measures_and_shares_nothing()
    {
        var job = With(""" "method": "lora" """);
        Assert.Null(job.Importance);
        Assert.Null(job.Sharing);
    }

    [Fact]
    public void All_faults_are_told_at_once_each_with_its_path() => Assert.Equal(
        [
            "dataset: is required",
            "importance.sampleRatio: must lie in (0, 1]; got 0",
            "lora.rank: must be a whole number below 2147483648; got 8.5",
            "lora.targets[1]: must be a text; got 7",
            "model: must not be empty",
            "sharing.threshold: must lie in (0, 1]; got 1.5",
            "task.kind: must be one of classification, regression, generation; got \"clasification\"; did you mean classification?",
            "training.bachSize: unknown field; did you mean batchSize?",
            "training.seed: is given twice",
        ],
        FaultsOf("""
            { "model": " ", "task": { "kind": "clasification", "columns": { "first": "a", "label": "b" } },
              "lora": { "rank": 8.5, "targets": ["query", 7] }, "importance": { "sampleRatio": 0 }, "sharing": { "threshold": 1.5 },
              "training": { "bachSize": 8, "seed": 1, "seed": 2 } }
            """).Order(StringComparer.Ordinal));

    [Theory]
    [InlineData(""" "threshold": 0.9 """, "threshold: unknown field")]
    [InlineData(""" "importance": { "sample_ratio": 0.1 } """, "importance.sample_ratio: unknown field; did you mean sampleRatio?")]
    [InlineData(""" "initialAdapter": "hf:org/a", "method": "bitfit" """,
        "initialAdapter: does not apply to the method bitfit, for which PEFT has no format")]
    [InlineData(""" "initialAdapter": "hf:org/a" """, "initialAdapter: cannot be combined with sharing, whose stage 1 measures what a new "
        + "adapter learns; sharing.warmStart continues that one in stage 2")]
    [InlineData(""" "switchOff": {} """, "switchOff: applies to methods with a branch of its own on every target layer, such as lora; not to "
        + "lora-drop placed by importance")]
    [InlineData(""" "switchOff": { "threshold": 0 }, "method": "lora" """, "switchOff.threshold: must lie in (0, 1]; got 0")]
    [InlineData(""" "switchOff": {}, "method": "full" """, "switchOff: applies to methods with a branch of its own on every target layer, such "
        + "as lora; not to full")]
    [InlineData(""" "lora": 8 """, "lora: must be an object; got 8")]
    [InlineData(""" "lora": { "alpha": 1e999 } """, "lora.alpha: must be a finite number; got 1e999")]
    [InlineData(""" "lora": { "alpha": "8" } """, "lora.alpha: must be a finite number; got \"8\"")]
    [InlineData(""" "lora": { "dropout": 1 } """, "lora.dropout: must lie in [0, 1); got 1")]
    [InlineData(""" "lora": { "targets": [] } """, "lora.targets: must name at least one module type")]
    [InlineData(""" "lora": { "targets": ["query", "query"] } """, "lora.targets: must not contain duplicates")]
    [InlineData(""" "method": "lora", "sharing": {} """, "sharing: does not apply to the method lora; remove it or use lora-drop")]
    [InlineData(""" "importance": { "epochs": 3, "steps": 9 } """, "importance.steps: cannot be combined with epochs: give one of them")]
    [InlineData(""" "sharing": { "threshold": 0.9, "keep": 3 } """, "sharing.keep: cannot be combined with threshold: give one of them")]
    [InlineData(""" "sharing": { "keep": 0 } """, "sharing.keep: must be at least 1; got 0")]
    [InlineData(""" "training": { "epochs": 0 } """, "training.epochs: must be at least 1; got 0")]
    [InlineData(""" "training": { "earlyStopping": 0 } """, "training.earlyStopping: must be at least 1; got 0")]
    [InlineData(""" "training": { "learningRate": 0 } """, "training.learningRate: must be above 0; got 0")]
    [InlineData(""" "training": { "schedule": "step" } """, "training.schedule: must be one of linear, cosine, constant; got \"step\"")]
    [InlineData(""" "training": { "warmupRatio": -0.1 } """, "training.warmupRatio: must lie in [0, 1); got -0.1")]
    [InlineData(""" "labels": { "team": 3 } """, "labels.team: must be a text; got 3")]
    [InlineData(""" "priority": "urgent" """, "priority: must be one of high, default, low; got \"urgent\"")]
    [InlineData(""" "worker": { "memoryGiB": 0 } """, "worker.memoryGiB: must be above 0; got 0")]
    [InlineData(""" "worker": { "memory": 80 } """, "worker.memory: unknown field")]
    [InlineData(""" "worker": { "labels": { "gpu": 100 } } """, "worker.labels.gpu: must be a text; got 100")]
    [InlineData(""" "name": "\ud800" """, "name: must be a text; got \"\\ud800\"")]
    [InlineData(""" "\ud800": 1 """, "?: has a name that contains half of a surrogate pair")]
    public void A_fault_says_what_to_do(string field, string fault) =>
        Assert.Equal(fault, Assert.Single(Assert.Throws<RefusedInputException>(() => With(field)).Faults).ToString());

    [Theory]
    [InlineData("""{ "preset": "glue/rtee" }""",
        "task.preset: must be one of glue/cola, glue/sst2, glue/mrpc, glue/stsb, glue/rte, glue/qnli, "
        + "glue/mnli, glue/qqp, e2e, dart, dialogsum, gsm8k, chat, text/label; got \"glue/rtee\"; did you mean " + "glue/rte?")]
    [InlineData("""{ "preset": "glue/rte", "kind": "regression" }""", "task.kind: must be classification for glue/rte")]
    [InlineData("""{ "preset": "glue/rte", "metric": "pearson" }""",
        "task.metric: pearson cannot be the primary metric of this task; use accuracy, macro-f1, matthews, or f1 with two classes")]
    [InlineData("""{ "preset": "glue/mnli", "metric": "f1" }""",
        "task.metric: f1 cannot be the primary metric of this task; use accuracy, macro-f1, matthews, or f1 with two classes")]
    [InlineData("""{ "preset": "glue/stsb", "metric": "mse" }""",
        "task.metric: mse cannot be the primary metric of this task; use pearson or spearman")]
    [InlineData("""{ "preset": "glue/stsb", "labels": ["a", "b"] }""", "task.labels: applies only to classification")]
    [InlineData("""{ "preset": "glue/rte", "labels": ["a"] }""", "task.labels: must have at least two classes; got 1")]
    [InlineData("""{ "preset": "glue/rte", "columns": { "first": "a", "label": "a" } }""", "task.columns: must be different columns")]
    [InlineData("""{ "kind": "classification" }""", "task.columns: is required without a preset")]
    public void A_task_that_cannot_be_trained_is_refused(string task, string fault) =>
        Assert.Equal([fault], FaultsOf($$"""{ "model": "m", "dataset": "d", "task": {{task}} }"""));

    [Theory]
    [InlineData("", "line 1 column 1")]
    [InlineData("[]", "line 1 column 1")]
    [InlineData("null", "line 1 column 1")]
    [InlineData("{\n  \"näme\": tru }", "line 2 column 14")]
    [InlineData("{} {}", "line 1 column 4")]
    public void Text_that_is_no_JSON_object_is_refused_with_line_and_column(string json, string place) =>
        Assert.Equal(place, Assert.Single(Assert.Throws<RefusedInputException>(() => JobRequest.Parse(json)).Faults).Path);

    [Fact]
    public void Half_a_surrogate_pair_is_no_JSON_either() =>
        Assert.Contains("half of a surrogate pair", Assert.Throws<RefusedInputException>(() => JobRequest.Parse("\"\ud800\"")).Message);

    [Fact]
    public void Labels_are_few_and_short()
    {
        var many = string.Join(", ", Enumerable.Range(0, 17).Select(i => $"\"k{i}\": \"v\""));
        Assert.Equal(["labels: must have at most 16 pairs; got 17"], FaultsOf(Least[..^1] + $$""", "labels": { {{many}} } }"""));
        Assert.Equal(["labels.a: must have at most 255 characters; got 256"],
            FaultsOf(Least[..^1] + $$""", "labels": { "a": "{{new string('x', 256)}}" } }"""));
    }

    [Fact]
    public void A_job_asks_for_eight_labels_of_a_worker_at_most_as_short_as_its_own()
    {
        var many = string.Join(", ", Enumerable.Range(0, 9).Select(i => $"\"k{i}\": \"v\""));
        Assert.Equal(["worker.labels: must have at most 8 pairs; got 9"],
            FaultsOf(Least[..^1] + $$""", "worker": { "labels": { {{many}} } } }"""));
        Assert.Equal(["worker.labels.a: must have at most 255 characters; got 256"],
            FaultsOf(Least[..^1] + $$""", "worker": { "labels": { "a": "{{new string('x', 256)}}" } } }"""));
    }

    [Fact]
    public void Who_says_nothing_is_served_in_turn_by_any_worker()
    {
        var job = JobRequest.Parse(Least);
        Assert.Equal((JobPriority.Default, null, null), (job.Priority, job.Worker.Selector, job.Worker.MemoryGiB));
        Assert.Equal([JobPriority.High, JobPriority.Default, JobPriority.Low], Enum.GetValues<JobPriority>().Order());
    }

    [Fact]
    public void When_and_where_a_job_runs_says_nothing_about_what_comes_out()
    {
        var hurried = With(""" "priority": "high", "worker": { "labels": { "gpu": "H100" }, "memoryGiB": 80 } """);
        Assert.NotEqual(JobRequest.Parse(Least), hurried);
        Assert.Equal(JobRequest.Parse(Least).ToRunJson(), hurried.ToRunJson());
        Assert.NotEqual(JobRequest.Parse(Least).ToRunJson(), With(""" "training": { "seed": 43 } """).ToRunJson());
        Assert.Equal(JobRequest.Parse(Least), JobRequest.Parse(hurried.ToRunJson()));
    }

    private static JobRequest With(string fields) => JobRequest.Parse(Least[..^1] + $", {fields} }}");

    private static IEnumerable<string> FaultsOf(string json) =>
        Assert.Throws<RefusedInputException>(() => JobRequest.Parse(json)).Faults.Select(f => f.ToString());
}
