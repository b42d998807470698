using LoraDrop.Domain;

namespace LoraDrop.Cli.Tests;

/// <summary>Events as a run of two layers reports them.</summary>
internal static class Sample
{
    public static readonly ImportanceReport Report = Of([0.7, 0.02, 0.25, 0.03]);

    public static ImportanceReport Of(double[] I, Remainder remainder = Remainder.Share)
    {
        var importance = I.Index().ToDictionary(l => new Site("query", l.Index), l => l.Item);
        var norms = importance.Select(site => new OutputNorms(site.Key, [site.Value], 10)).ToList();
        return ImportanceReport.From(norms, importance, ImportanceScope.PerType, new() { Remainder = remainder });
    }

    public static RunEvent.StageStarted Started(int fromStep = 0) =>
        new(Stage.TaskAdaptation, fromStep, 600, 2490, new ParameterCounts(100, 200, 300), 0.12);

    public static RunEvent.StepDone Step(int step, double loss = 0.5) =>
        new(Stage.TaskAdaptation, step, 600, step / 100.0, loss, 3.2e-4, 1.5, 8112, 133);

    public static RunEvent.Evaluated Evaluated(bool best) =>
        new(Stage.TaskAdaptation, 100, new Dictionary<string, double> { ["loss"] = 0.4, ["accuracy"] = 0.8125 }, "accuracy", best);
}
