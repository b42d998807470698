using System.Text.Json;
using System.Text.Json.Nodes;

namespace LoraDrop.Cli.Tests;

public sealed class WholeRunFacts(TrainedRun trained) : IClassFixture<TrainedRun>
{
    private readonly TinyRun _run = trained.Tiny;

    [Fact]
    public void A_run_leaves_everything_that_is_promised()
    {
        string[] promised = ["adapter/README.md", "adapter/adapter_compact.safetensors", "adapter/adapter_config.json",
            "adapter/adapter_model.safetensors", "adapter/loradrop.json",
            "importance.json", "importance.svg", "result.json", "run.json"];
        var left = Directory.EnumerateFiles(trained.Folder, "*", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(trained.Folder, file)).ToArray();
        Assert.All(promised, file => Assert.Contains(file, left));
        Assert.Contains(left, file => file.StartsWith("events/importance-evaluation/"));
        Assert.Contains(left, file => file.StartsWith("events/task-adaptation/"));
        Assert.DoesNotContain(left, file => file.EndsWith(".tmp") || file.EndsWith(".lock"));
    }

    [Fact]
    public void Every_step_and_the_end_are_told_to_scripts()
    {
        var names = trained.Ended.Events.Select(e => e.GetProperty("event").GetString()!).ToArray();
        Assert.Equal(["remark", "planned", "stage-started", "step"], names[..4]); // the column score is not used
        Assert.Equal(2 + 10, names.Count(name => name == "step"));
        Assert.Contains("importance", names);
        Assert.Equal("finished", names[^1]);
    }

    [Fact]
    public void Evaluation_gives_the_score_that_training_ended_with()
    {
        var ended = Loradrop.Run("evaluate", trained.Adapter, "--data", _run.Validation, "--json", "--threads", "1").Well();
        var result = JsonDocument.Parse(File.ReadAllText(Path.Combine(trained.Folder, "result.json"))).RootElement;
        var accuracy = Assert.Single(ended.Events, told => told.GetProperty("event").GetString() == "evaluated").GetProperty("scores")
            .GetProperty("accuracy").GetDouble();
        Assert.Equal(result.GetProperty("scores").GetProperty("values").GetProperty("accuracy").GetDouble(), accuracy);
    }

    [Fact]
    public void The_adapter_of_a_run_is_continued_as_a_LoRA()
    {
        var settings = JsonNode.Parse(File.ReadAllText(_run.Settings))!.AsObject();
        foreach (var section in (string[])["importance", "sharing"]) settings.Remove(section);
        settings["method"] = "lora";
        var lora = _run.Written("lora.json", settings.ToJsonString());
        string[] Continued(string adapter) => ["train", "--json", "--threads", "1", "--settings", lora, "--out", _run.New(),
            "--initial-adapter", adapter, "--max-steps", "1"];
        var ended = Loradrop.Run(Continued(trained.Adapter)).Well();
        Assert.Contains(ended.Events, told => told.GetProperty("event").GetString() == "remark"
            && told.ToString().Contains($"Continues from {trained.Adapter}"));
        Loradrop.Run(Continued(trained.Folder)).Complained(ExitCode.Usage, "initialAdapter", "adapter_config.json: file not found");
    }

    [Fact]
    public void A_text_a_pair_and_lines_of_both_get_a_label()
    {
        var text = Loradrop.Run("predict", trained.Adapter, "--text", "the film was lovely", "--json", "--threads", "1").Well();
        var pair = Loradrop.Run("predict", trained.Adapter, "--text", "the film", "--text-pair", "was dull", "--json", "--threads", "1")
            .Well();
        var lines = Loradrop.Run(["predict", trained.Adapter, "--json", "--threads", "1"], "the film was lovely\n\nthe film\twas dull\n")
            .Well();
        foreach (var (alone, together) in text.Events.Concat(pair.Events).Zip(lines.Events, (a, b) => (a, b)))
        {
            Assert.Equal(alone.GetProperty("label").GetString(), together.GetProperty("label").GetString());
            // a batch of two has other sums than one alone, on some processors
            foreach (var probability in alone.GetProperty("probabilities").EnumerateObject())
                Assert.Equal(probability.Value.GetDouble(), together.GetProperty("probabilities").GetProperty(probability.Name).GetDouble(),
                    1e-6);
        }
        Assert.Equal(2, lines.Events.Length);
        var said = Assert.Single(text.Events);
        Assert.Contains(said.GetProperty("label").GetString(), (string[])["bad", "good"]);
        Assert.Equal(1, said.GetProperty("probabilities").EnumerateObject().Sum(p => p.Value.GetDouble()), 1e-9);
    }

    [Fact]
    public void Without_json_a_person_can_read_it()
    {
        var ended = Loradrop.Run("predict", trained.Adapter, "--text", "the film was lovely", "--threads", "1").Well();
        Assert.Matches(@"^(good|bad)\t[01]\.\d{3}\n$", ended.Output);
    }

    [Fact]
    public void A_merged_model_is_a_model_like_any()
    {
        var merged = _run.New("merged");
        Loradrop.Run("merge", trained.Adapter, "--out", merged, "--json", "--threads", "1").Well();
        Assert.False(Directory.Exists(merged + ".tmp"));
        Loradrop.Run("evaluate", trained.Adapter, "--model", merged, "--data", _run.Validation, "--json", "--threads", "1").Well();
        Loradrop.Run(_run.Command("train", _run.New(), "--model", merged)).Well();
        Loradrop.Run("merge", trained.Adapter, "--out", merged, "--json", "--threads", "1")
            .Complained(ExitCode.Usage, merged, "is not empty");
    }
}

/// <summary>A run that went through, undisturbed.</summary>
public sealed class TrainedRun : IDisposable
{
    public TrainedRun()
    {
        Folder = Tiny.New("trained");
        Ended = Loradrop.Run(Tiny.Command("train", Folder)).Well();
    }

    public TinyRun Tiny { get; } = new();

    public string Folder { get; }

    public string Adapter => Path.Combine(Folder, "adapter");

    internal Ended Ended { get; }

    public void Dispose() => Tiny.Dispose();
}
