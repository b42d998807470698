using System.Text.Json.Nodes;

namespace LoraDrop.Cli.Tests;

public sealed class RefusedSettingsFacts(TinyRun run) : IClassFixture<TinyRun>
{
    private void Refused(string[] options, params string[] about)
    {
        var folder = run.New();
        Loradrop.Run(run.Command("train", folder, options)).Complained(ExitCode.Usage, about);
        Assert.False(Path.Exists(folder), "left a folder behind");
    }

    [Fact]
    public void Shares_outside_0_to_1_are_all_listed_with_their_paths() => Refused(
        ["--threshold", "1.5", "--sample-ratio", "0", "--rank", "0", "--learning-rate", "-1", "--batch-size", "0"],
        "sharing.threshold: must lie in (0, 1]; got 1.5", "importance.sampleRatio: must lie in (0, 1]; got 0",
        "lora.rank: must be at least 1; got 0",
        "training.learningRate: must be above 0; got -1", "training.batchSize: must be at least 1; got 0");

    [Fact]
    public void What_is_no_number_is_named_as_it_was_written() => Refused(
        ["--threshold", "NaN", "--sample-ratio", "half", "--seed", "1e400", "--epochs", "2.5"], "sharing.threshold", "NaN",
        "importance.sampleRatio", "half", "training.seed", "training.epochs", "2.5");

    [Fact]
    public void A_rank_above_the_layers_width_is_refused() =>
    Refused(["--rank", "17"], "lora.rank: must be at most 16, the width of query; got 17");

    [Fact]
    public void A_target_that_matches_nothing_is_refused_with_those_there_are() =>
    Refused(["--targets", "query,values"], "lora.targets[1]: 'values' matches no layer", "value");

    [Fact]
    public void A_metric_of_another_kind_of_task_is_refused() => Refused(["--metric", "pearson"], "task.metric");

    [Fact]
    public void A_batch_that_cannot_fit_is_refused_before_training()
    {
        var model = run.Copy(run.Model);
        var config = Path.Combine(model, "config.json");
        File.WriteAllText(config, File.ReadAllText(config).Replace("\"intermediate_size\": 32", "\"intermediate_size\": 2000000000"));
        Refused(["--model", model], "training.batchSize: a batch of 8 texts", "GiB", "lower batchSize");
    }

    [Theory]
    [InlineData("--batch-size", "2147483647")]
    [InlineData("--accumulation", "2147483647")]
    public void The_largest_whole_number_is_one_step_an_epoch(string option, string value) =>
        Loradrop.Run(run.Command("train", run.New(), option, value)).Well();

    [Fact]
    public void Epochs_without_end_stop_at_the_most_steps() =>
    Loradrop.Run(run.Command("train", run.New(), "--epochs", "2147483647", "--max-steps", "2")).Well();

    [Fact]
    public void An_unknown_field_is_named_with_a_hint()
    {
        var file = run.Written("settings.json",
            File.ReadAllText(run.Settings).Replace("\"learningRate\"", "\"learning_rate\"").Replace("\"alpha\"", "\"beta\""));
        RefusedAlone(["--settings", file], "training.learning_rate: unknown field; did you mean learningRate?", "lora.beta: unknown field");
    }

    [Fact]
    public void When_and_where_a_service_would_run_it_is_passed_over_in_a_file_and_no_option_here()
    {
        var settings = JsonNode.Parse(File.ReadAllText(run.Settings))!.AsObject();
        (settings["priority"], settings["worker"]) = ("high", new JsonObject { ["labels"] = new JsonObject { ["gpu"] = "H100" } });
        Loradrop.Run("train", "--json", "--threads", "1", "--settings", run.Written("served.json", settings.ToJsonString()), "--out",
            run.New()).Well();
        foreach (var option in new[] { "--priority", "--worker-label", "--worker-memory" })
            Assert.Contains(option, Loradrop.Run(run.Command("train", run.New(), option, "1")).Error);
    }

    [Theory]
    [InlineData("", "is not JSON")]
    [InlineData("{\"model\": ", "is not JSON")]
    [InlineData("[1]", "must hold a JSON object")]
    [InlineData("null", "must hold a JSON object")]
    [InlineData("{\"model\": \"a\", \"model\": \"b\"}", "model")]
    [InlineData("{\"lora\": {\"rank\": 1, \"rank\": 2}}", "rank")]
    [InlineData("{\"model\": \"\\ud800\"}", "surrogate pair")]
    [InlineData("{\"lora\": 7}", "lora: must be an object; got 7")]
    public void A_settings_file_that_is_none_is_refused(string text, string about) =>
    RefusedAlone(["--settings", run.Written("s.json", text), "--rank", "4"], about);

    [Fact]
    public void A_settings_file_must_be_a_file()
    {
        RefusedAlone(["--settings", Path.GetDirectoryName(run.Settings)!], Path.GetDirectoryName(run.Settings)!, "cannot be read");
        RefusedAlone(["--settings", run.At("nowhere.json")], run.At("nowhere.json"), "cannot be read");
    }

    [Fact]
    public void Nothing_but_a_folder_lists_all_that_is_required() => RefusedAlone([], "model: is required", "dataset: is required", "task");

    private void RefusedAlone(string[] options, params string[] about)
    {
        var folder = run.New();
        Loradrop.Run(["train", "--json", "--threads", "1", "--out", folder, .. options]).Complained(ExitCode.Usage, about);
        Assert.False(Path.Exists(folder), "left a folder behind");
    }

    [Theory]
    [InlineData("train", "--out")]
    [InlineData("importance", "--out")]
    [InlineData("compare", "--out")]
    [InlineData("train", "--validation")]
    [InlineData("train", "--settings")]
    public void An_empty_path_is_refused(string command, string option)
    {
        var folder = run.New();
        var line = option == "--out" ? run.Command(command, "") : run.Command(command, folder, option, "");
        var ended = Loradrop.Run(line);
        Assert.Equal(ExitCode.Usage, ended.Code);
        Assert.Contains(option, ended.Error);
        Assert.DoesNotContain("   at ", ended.Error);
        Assert.False(Path.Exists(folder), "left a folder behind");
    }

    [Theory]
    [InlineData]
    [InlineData("trian")]
    [InlineData("train", "--out", "x", "--lerning-rate", "1")]
    [InlineData("train")]
    [InlineData("train", "--out", "x", "--threads", "0")]
    [InlineData("train", "--out", "x", "--threads", "two")]
    [InlineData("train", "--out", "x", "--device", "tpu")]
    [InlineData("evaluate")]
    public void A_command_line_that_is_none_is_refused_with_help(params string[] arguments)
    {
        var ended = Loradrop.Run(arguments);
        Assert.Equal(ExitCode.Usage, ended.Code);
        Assert.NotEqual("", ended.Error);
        Assert.Contains("--help", ended.Output);
        Assert.DoesNotContain("   at ", ended.Error + ended.Output);
    }
}
