using LoraDrop.Domain;

namespace LoraDrop.Engine.Tests;

/// <summary>What is estimated from the facts of a data set is what a run then counts.</summary>
public sealed class WorkEstimateFacts : IDisposable
{
    private readonly TinyTask _tiny = new();

    public void Dispose() => _tiny.Dispose();

    [Theory]
    [InlineData(true, "{}")]
    [InlineData(false, "{}")]
    [InlineData(true,
        """{"importance": {"sampleRatio": 0.33, "epochs": 5}, "training": {"epochs": 3, "batchSize": 7, "accumulation": 2}}""")]
    [InlineData(false,
        """{"importance": {"sampleRatio": 0.01, "steps": 9, "epochs": null}, "training": {"epochs": 2, "batchSize": 8, "maxSteps": 3}}""")]
    [InlineData(false, """{"task": {"kind": "regression", "columns": {"first": "text", "label": "score"}, "metric": null}}""")]
    [InlineData(true, """{"method": "lora", "importance": null, "sharing": null}""")]
    public void Examples_and_steps_are_those_of_the_run(bool validation, string patch)
    {
        var request = JobRequest.Parse(MergePatch.Apply(_tiny.Request().ToJson(), patch));
        var files = validation ? _tiny.Files : _tiny.Files with { Validation = null };
        var estimated = WorkEstimate.Of(request, DatasetInspection.Read(files));
        var (_, events) = _tiny.Run(request, _tiny.Out(), inputs: new(_tiny.Model, files));
        Assert.Equal(events.OfType<RunEvent.StageStarted>().Select(started => (started.Stage, started.Examples, started.Steps)),
            estimated.Select(work => (work.Stage, work.Examples, work.Steps)));
        Assert.All(events.OfType<RunEvent.StageStarted>().Zip(estimated),
            pair => Assert.True(pair.First.PassTokens > 4 * pair.First.Examples)); // two special tokens, and more than two words
    }
}
