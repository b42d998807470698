using System.Text.Json;
using LoraDrop.Domain;

namespace LoraDrop.Cli.Tests;

public sealed class JsonLinesViewFacts
{
    private static JsonElement[] Written(params RunEvent[] events)
    {
        using var writer = new StringWriter();
        using var view = new JsonLinesView(writer);
        foreach (var happened in events) view.Report(happened);
        return [.. writer.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonDocument.Parse(line).RootElement)];
    }

    [Fact]
    public void Every_event_is_one_line_that_names_itself()
    {
        var lines = Written(Sample.Started(), Sample.Step(1), Sample.Evaluated(best: true), new RunEvent.ImportanceMeasured(Sample.Report),
            new RunEvent.CheckpointSaved(Stage.TaskAdaptation, 5, "a\nb"), new RunEvent.Remark("\"so\""));
        Assert.Equal(["stage-started", "step", "evaluated", "importance", "checkpoint", "remark"],
            lines.Select(line => line.GetProperty("event").GetString()!));
    }

    [Fact]
    public void What_is_planned_goes_by_the_names_of_the_stages()
    {
        var steps =
            Assert.Single(
                Written(new RunEvent.Planned(new Dictionary<Stage, int> { [Stage.ImportanceEvaluation] = 2, [Stage.TaskAdaptation] = 10 })))
                .GetProperty("steps");
        Assert.Equal(["importance-evaluation 2", "task-adaptation 10"],
            steps.EnumerateObject().Select(stage => $"{stage.Name} {stage.Value}"));
    }

    [Fact]
    public void Names_are_camelCase_and_cases_of_enums_kebab_case()
    {
        var step = Assert.Single(Written(Sample.Step(7)));
        Assert.Equal("task-adaptation", step.GetProperty("stage").GetString());
        Assert.Equal(8112, step.GetProperty("tokensPerSecond").GetDouble());
    }

    [Fact]
    public void A_loss_that_is_no_number_is_null()
    {
        foreach (var loss in (double[])[double.NaN, double.PositiveInfinity])
            Assert.Equal(JsonValueKind.Null, Written(Sample.Step(1, loss))[0].GetProperty("loss").ValueKind);
    }

    [Fact]
    public void A_report_keeps_every_digit_of_I()
    {
        var sites = Written(new RunEvent.ImportanceMeasured(Sample.Report))[0].GetProperty("report").GetProperty("sites");
        Assert.Equal([0.7, 0.02, 0.25, 0.03], sites.EnumerateArray().Select(site => site.GetProperty("i").GetDouble()));
        Assert.Equal("own", sites[0].GetProperty("place").GetString());
    }
}
