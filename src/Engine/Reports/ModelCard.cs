using System.Text.Encodings.Web;
using System.Text.Json;
using LoraDrop.Domain;
using TorchSharp;

namespace LoraDrop.Engine.Reports;

/// <summary>The README.md of an adapter's folder: a Hugging Face model card that describes the adapter and its training.</summary>
public static class ModelCard
{
    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Markdown(ModelCardContent facts) => string.Join("\n\n", ((string?[])
    [
        FrontMatter(facts),
        Introduction(facts),
        "## Load it\n\n" + Loading(facts),
        "## Scores\n\n" + Scores(facts),
        facts.Importance is { } report ? "## Importance\n\n" + Importance(report) : null,
        "## Trained parameters\n\n" + Parameters(facts),
        "## Data\n\n" + MarkdownTable.Of(["file", "use", "rows", "sha256"],
        facts.Data.Select(file => (string[])[file.Name, file.Use, $"{file.Rows:N0}", file.Sha256])),
        "## Settings\n\n" + MarkdownTable.Of(["setting", "value"], Leaves(facts.Settings, "")),
        "## Made with\n\n" + Versions(facts),
    ]).OfType<string>()) + "\n";

    private static string FrontMatter(ModelCardContent facts) => $"""
        ---
        library_name: {(facts.Method.HasPeftFormat ? "peft" : "lora-drop")}
        base_model: {Quoted(facts.BaseModel)}
        pipeline_tag: {(facts.Task == CardTask.SequenceClassification ? "text-classification" : "text-generation")}
        tags:
        {string.Join('\n', Tags(facts.Method).Select(tag => $"- {tag}"))}
        metrics:
        {string.Join('\n', facts.Scores.Keys.Select(metric => $"- {Quoted(metric)}"))}
        ---
        """;

    private static string[] Tags(Method method) => IsLora(method) ? ["lora", "lora-drop"] : ["lora-drop", method.Name];

    private static string Introduction(ModelCardContent facts)
    {
        var labels = facts.Labels.Count == 0 ? "" : $" Its labels are {string.Join(", ", facts.Labels.Select(MarkdownTable.Escaped))}.";
        var branch = IsLora(facts.Method) ? "LoRA" : $"{MarkdownTable.Escaped(facts.Method.Title)} branch";
        var placed = facts.Importance is null ? "" :
            "\n\nLoRA-drop ([arXiv 2402.07721](https://arxiv.org/abs/2402.07721)) trains on a sample of the data and measures how much "
            + $"each layer's {branch} puts out. The layers that matter then train a {branch} of their own on all data; the others share "
            + "one per module type.";
        var (what, article) = facts.Method.Export == MethodExport.MergedModel ? ("weights", "Weights") : ("adapter", "An adapter");
        return $"# {MarkdownTable.Escaped(facts.Method.Title)} {what} for {MarkdownTable.Escaped(facts.BaseModel)}\n\n"
            + $"{article} for " + $"{(facts.Task == CardTask.SequenceClassification ? "sequence classification" : "text generation")}, "
            + $"trained with {MarkdownTable.Escaped(facts.Method.Title)} ({facts.Method.Source}). {facts.Method.Summary}{labels}{placed}";
    }

    private static bool IsLora(Method method) => method.SettingsType == typeof(LoraSettings);

    private static string Loading(ModelCardContent facts) => facts.Method.Export switch
    {
        MethodExport.MergedModel => "PEFT has no format for this method. LoRA-drop makes a model of it that needs no adapter:\n\n"
            + "```\nloradrop merge path/to/this/folder --out merged\n```",
        MethodExport.OwnFile => "PEFT has no format for this method, and the weights of a model cannot hold what it computes. LoRA-drop "
            + "reads it:\n\n```\nloradrop predict path/to/this/folder --text \"…\"\n```",
        _ => Snippet(facts),
    };

    private static string Snippet(ModelCardContent facts)
    {
        var (auto, labels) = facts.Task == CardTask.SequenceClassification
            ? ("AutoModelForSequenceClassification", $", num_labels={Math.Max(1, facts.Labels.Count)}")
            : ("AutoModelForCausalLM", "");
        return $"""
            ```python
            from peft import PeftModel
            from transformers import {auto}, AutoTokenizer

            base = {auto}.from_pretrained({Quoted(facts.BaseModel)}{labels})
            model = PeftModel.from_pretrained(base, "path/to/this/folder").eval()
            tokenizer = AutoTokenizer.from_pretrained({Quoted(facts.BaseModel)})
            ```
            """;
    }

    private static string Scores(ModelCardContent facts) =>
        MarkdownTable.Of(["metric", "value"], facts.Scores.Select(score =>
            (string[])[score.Key, $"{score.Value:0.0000}{(score.Key == facts.Primary ? " (chose the best step)" : "")}"]));

    private static string Importance(ImportanceReport report)
    {
        var types = report.Sites.GroupBy(site => site.Type).ToArray();
        var rows = report.Sites.GroupBy(site => site.Layer).OrderBy(layer => layer.Key).Select(layer => (string[])
            [$"{layer.Key}", .. types.Select(type => layer.FirstOrDefault(site => site.Type == type.Key) is { } site
            ? $"{site.I:0.000} {Word(site.Place)}{(site.Rank is { } rank ? $", r = {rank}" : "")}"
            : "")]);
        var cut = report.Threshold is { } T ? $" T = {T} sets how many {(report.IsByRank
            ? "ranks each layer keeps of its LoRA"
            : "layers keep their own LoRA")}." : "";
        var remarks = string.Concat(report.Remarks.Select(remark => $"\n\n{MarkdownTable.Escaped(remark)}"));
        return $"I of each layer, measured over {report.Examples:N0} examples ({report.Tokens:N0} tokens).{cut}\n\n"
            + MarkdownTable.Of(["layer", .. types.Select(type => type.Key)], rows) + remarks;
    }

    private static string Word(Place place) => place switch
    {
        Place.Own => "own",
        Place.Shared => "shared",
        Place.None => "none",
    };

    private static string Parameters(ModelCardContent facts)
    {
        var (counts, what) = (facts.Parameters, IsLora(facts.Method) ? "LoRAs" : "branches");
        string[] head = ["with the trained head", $"{counts.AdapterAndHead:N0}"];
        return MarkdownTable.Of(["counted", "parameters"], facts.Importance is null
            ? [["of the method", $"{counts.Adapter:N0}"], head]
            : [[$"{what} of single layers (the paper's figure)", $"{counts.WithoutShared:N0}"],
               [$"with the shared {what}", $"{counts.Adapter:N0}"], head]);
    }

    private static string Versions(ModelCardContent facts) => MarkdownTable.Of(["", ""],
    [
        ["LoRA-drop", typeof(ModelCard).Assembly.GetName().Version!.ToString(3)],
        ["TorchSharp", typeof(torch).Assembly.GetName().Version!.ToString(3)],
        [".NET", Environment.Version.ToString()],
        ["seed", $"{facts.Seed}"],
    ]);

    /// <summary>Every scalar value of a document with its path.</summary>
    private static IEnumerable<string[]> Leaves(JsonElement element, string path) => element.ValueKind == JsonValueKind.Object
        ? element.EnumerateObject().SelectMany(member => Leaves(member.Value, path.Length == 0 ? member.Name : $"{path}.{member.Name}"))
        : [[path, element.ValueKind == JsonValueKind.String ? element.GetString()! : element.GetRawText()]];

    /// <summary>A JSON string, valid in both YAML and Python.</summary>
    private static string Quoted(string text) => JsonSerializer.Serialize(text, Readable);
}
