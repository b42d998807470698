using System.Text.Json.Nodes;
using LoraDrop.Domain;

namespace LoraDrop.Engine.Tests;

/// <summary>Which evaluation a run keeps, where the figure that counts is undefined.</summary>
public sealed class BestEvaluationFacts : IDisposable
{
    private readonly TinyTask _task = new();
    private readonly TestFolder _folder = new();

    public void Dispose()
    {
        _task.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("score", "spearman", "the film was warm\tgood\t0.50\nthe soup was fine\tgood\t0.5\n", "all labels are equal")]
    [InlineData("score", "pearson", "the film was warm\tgood\t0.5\n", "there is only one row")]
    [InlineData("mood", "matthews", "the film was warm\tgood\t0.5\nthe soup was fine\tgood\t0.5\n", "all labels have the same class")]
    [InlineData("mood", "f1", "the film was dull\tbad\t0.5\nthe soup was cold\tbad\t0.5\n", "no label has the class good")]
    public void The_lowest_loss_decides_and_a_remark_says_so(string label, string metric, string validation, string why)
    {
        var (result, events) = Run(label, metric, validation, steps: 24);

        var evaluations = events.OfType<RunEvent.Evaluated>().ToArray();
        var lowest = evaluations.MinBy(e => e.Scores["loss"])!;
        Assert.True(lowest.Step > evaluations[0].Step, "the loss must fall for this test to say anything");
        Assert.Equal(lowest.Step, result.BestStep);
        Assert.Equal(evaluations.Select(e => (e.Step, e.Scores["loss"])), result.History.Select(e => (e.Step, e.Loss)));
        Assert.Equal([$"{metric} is undefined on the validation split: {why}. Where it is, the lower loss picks the best evaluation."],
            Remarks(events).Where(remark => remark.Contains("undefined")));
    }

    [Fact]
    public void A_defined_figure_decides_alone_and_nothing_is_remarked()
    {
        var (result, events) = Run("mood", "accuracy", "the film was warm\tgood\t0.5\nthe soup was fine\tgood\t0.5\n", steps: 24);
        var best = events.OfType<RunEvent.Evaluated>().MaxBy(e => e.Scores["accuracy"])!; // of equals the first
        Assert.Equal(best.Step, result.BestStep);
        Assert.DoesNotContain(Remarks(events), remark => remark.Contains("undefined"));
    }

    [Fact]
    public void A_defined_figure_beats_an_undefined_one_whatever_the_loss()
    {
        Scores Of(params double[] predicted) => Scores.Of(TaskPreset.Find("glue/stsb")!.Task, [1.0, 2, 3], predicted);
        EvaluationAt undefined = new(1, Of(2, 2, 2), 0.1), lower = new(2, Of(2, 2, 2), 0.05), defined = new(3, Of(3, 2, 1), 9);
        Assert.True(undefined.Beats(null));
        Assert.True(lower.Beats(undefined));
        Assert.False(undefined.Beats(lower));
        Assert.True(defined.Beats(lower));
        Assert.False(lower.Beats(defined));
    }

    [Fact]
    public void A_test_split_without_a_figure_is_remarked_on()
    {
        var test = _folder.File("test.tsv", "text\tmood\tscore\nthe film was warm\tgood\t0.5\n");
        var (_, events) = Run("score", "spearman", null, steps: 4, test);
        Assert.Contains("spearman is undefined on the test split: there is only one row.", Remarks(events));
    }

    private static IEnumerable<string> Remarks(IEnumerable<RunEvent> events) =>
        events.OfType<RunEvent.Remark>().Select(remark => remark.Text);

    private (RunResult Result, IReadOnlyList<RunEvent> Events) Run(
        string label, string metric, string? validation, int steps, string? test = null)
    {
        var request = _task.Request(json =>
        {
            json["method"] = "lora";
            (json["importance"], json["sharing"]) = (null, null);
            json["task"] = new JsonObject
            {
                ["kind"] = label == "score" ? "regression" : "classification",
                ["metric"] = metric,
                ["columns"] = new JsonObject { ["first"] = "text", ["label"] = label },
            };
            var training = json["training"]!;
            (training["maxSteps"], training["evaluateEvery"], training["epochs"], training["learningRate"]) = (steps, 2, 8, 2e-3);
        });
        var written = validation is null ? _task.Files.Validation : _folder.File("dev.tsv", $"text\tmood\tscore\n{validation}");
        var files = new DataFiles(_task.Files.Train, written, test);
        var (result, events) = _task.Run(request, _task.Out(), inputs: new(_task.Model, files));
        return (result!, events);
    }
}
