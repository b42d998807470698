using System.Text.Json;
using LoraDrop.Domain;

namespace LoraDrop.Engine.Tests;

public sealed class ModelCardTextFacts
{
    private static readonly ModelCardContent LoraDrop =
        new("org/base \"v2\"", Domain.Methods.LoraDrop, CardTask.SequenceClassification, ["no|t", "entailed"],
        JsonDocument.Parse("""{ "lora": { "rank": 8, "targets": ["query", "value"] }, "name": "a|b_c" }""").RootElement,
        [new DataFile("train|1.tsv", "train", 2490, "ab12")], SampleReport.Of(4, ["query", "value"]), new ParameterCounts(1000, 1200, 9000),
        new Dictionary<string, double> { ["accuracy"] = 0.81234, ["loss"] = 0.4 }, "accuracy", Seed: 7);

    private static string[] Lines(ModelCardContent facts) => ModelCard.Markdown(facts).Split('\n');

    [Fact]
    public void The_front_matter_tells_the_hub_what_it_holds() => Assert.Equal(
        ["---", "library_name: peft", """base_model: "org/base \"v2\"" """.TrimEnd(), "pipeline_tag: text-classification",
            "tags:", "- lora", "- lora-drop", "metrics:", "- \"accuracy\"", "- \"loss\"", "---"],
        Lines(LoraDrop)[..11]);

    [Fact]
    public void Settings_are_listed_by_their_path()
    {
        Assert.Contains("| lora.rank | 8 |", Lines(LoraDrop));
        Assert.Contains("""| lora.targets | \["query", "value"\] |""", Lines(LoraDrop));
    }

    [Fact]
    public void A_pipe_in_a_name_does_not_end_its_cell()
    {
        Assert.Contains(@"| name | a\|b\_c |", Lines(LoraDrop));
        Assert.Contains(@"| train\|1.tsv | train | 2,490 | ab12 |", Lines(LoraDrop));
    }

    [Fact]
    public void Every_layer_is_listed_with_its_importance_and_what_it_got()
    {
        var sites = LoraDrop.Importance!.Sites;
        foreach (var layer in Enumerable.Range(0, 4))
            Assert.Contains($"| {layer} | {Cell(sites[layer])} | {Cell(sites[layer + 4])} |", Lines(LoraDrop));

        static string Cell(SiteImportance site) => $"{site.I:0.000} {(site.Place == Place.Own ? "own" : "shared")}";
    }

    [Fact]
    public void The_three_parameter_counts_stand_apart()
    {
        foreach (var count in (string[])["1,000", "1,200", "9,000"])
            Assert.Contains(Lines(LoraDrop), line => line.EndsWith($"| {count} |", StringComparison.Ordinal));
    }

    [Fact]
    public void The_snippet_loads_the_classifier_with_its_labels() =>
        Assert.Contains("""base = AutoModelForSequenceClassification.from_pretrained("org/base \"v2\"", num_labels=2)""", Lines(LoraDrop));

    [Fact]
    public void A_regression_is_loaded_with_one_label() =>
        Assert.Contains(Lines(LoraDrop with { Labels = [] }), line => line.EndsWith("num_labels=1)", StringComparison.Ordinal));

    [Fact]
    public void Plain_LoRA_has_no_importance_to_show()
    {
        var card = ModelCard.Markdown(LoraDrop with { Method = Domain.Methods.Lora, Importance = null });
        Assert.DoesNotContain("Importance", card);
        Assert.Contains("# LoRA adapter for", card);
    }

    [Fact]
    public void A_method_that_PEFT_does_not_know_is_loaded_otherwise()
    {
        var full = ModelCard.Markdown(LoraDrop with { Method = Domain.Methods.Find("full")!, Importance = null });
        Assert.Contains("library_name: lora-drop\n", full);
        Assert.Contains("tags:\n- lora-drop\n- full\n", full);
        Assert.Contains("# Full fine-tuning weights for", full);
        Assert.Contains("loradrop merge path/to/this/folder --out merged", full);
        Assert.DoesNotContain("PeftModel", full);
        Assert.Contains("loradrop predict path/to/this/folder",
            ModelCard.Markdown(LoraDrop with { Method = Domain.Methods.Find("adapter")!, Importance = null }));
        Assert.Contains("PeftModel", ModelCard.Markdown(LoraDrop with { Method = Domain.Methods.Find("sora")!, Importance = null }));
    }

    [Fact]
    public void A_card_names_the_versions_and_the_seed()
    {
        Assert.Contains("| LoRA-drop | 0.1.0 |", Lines(LoraDrop));
        Assert.Contains("| TorchSharp | 0.107.0 |", Lines(LoraDrop));
        Assert.Contains("| seed | 7 |", Lines(LoraDrop));
    }
}
