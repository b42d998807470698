namespace LoraDrop.Cli.Tests;

/// <summary>Trying a finished job from the command line.</summary>
public sealed class PredictionCommandFacts(ServedJob job) : IClassFixture<ServedJob>
{
    private const string Text = "the film was lovely and the soup";

    private readonly RunningService _service = job.Service;

    [Fact]
    public void A_jobs_adapter_answers_as_it_does_on_this_machine()
    {
        var folder = _service.Tiny.New("tried");
        _service.Run("jobs", "download", job.Id, "--out", folder).Well();
        var here = Loradrop.Run("predict", Path.Combine(folder, "adapter"), "--model", _service.Tiny.Model, "--text", Text).Well().Output;
        Assert.Equal(here, _service.Show("jobs", "predict", job.Id, "--text", Text).Well().Output);

        var both = _service.Show("jobs", "predict", job.Id, "--row", $"text={Text}", "--base").Well().Output.Split('\n');
        Assert.Equal($"adapter\t{here.Trim()}", both[0]);
        Assert.StartsWith("base\t", both[1]);
        var answers = Assert.Single(_service.Run("jobs", "predict", job.Id, "--text", Text, "--text", "a").Well().Events);
        Assert.Equal(2, answers.GetProperty("items").GetArrayLength());
    }

    [Fact]
    public void What_does_not_fit_is_told_with_its_path()
    {
        _service.Run("jobs", "predict", job.Id, "--row", "txt=a").Complained(ExitCode.Usage, "rows[0].txt: is no column");
        _service.Run("jobs", "predict", job.Id, "--text", "a", "--stream", "--temperature", "1")
            .Complained(ExitCode.Usage, "generation: applies only to jobs that generate text", "stream: applies only to jobs");
        Assert.Contains("--row does not go with --text", _service.Run("jobs", "predict", job.Id, "--text", "a", "--row", "text=a").Error);
    }

    [Fact]
    public void An_evaluation_shows_the_scores_of_evaluate()
    {
        var folder = _service.Tiny.New("evaluated");
        _service.Run("jobs", "download", job.Id, "--out", folder).Well();
        var here = Loradrop.Run("evaluate", Path.Combine(folder, "adapter"), "--model", _service.Tiny.Model, "--data",
            _service.Tiny.Validation, "--json").Well().Events[^1];
        var there = Assert.Single(_service.Run("jobs", "evaluate", job.Id, "--dataset", "moods").Well().Events).GetProperty("result");
        Assert.Equal(here.GetProperty("scores").GetRawText(), there.GetProperty("adapter").GetProperty("scores").GetRawText());
        Assert.Equal(here.GetProperty("loss").GetDouble(), there.GetProperty("adapter").GetProperty("loss").GetDouble());

        var shown = _service.Show("jobs", "evaluate", job.Id, "--dataset", "moods", "--split", "train", "--base");
        Assert.Equal((ExitCode.Done, "train.tsv: not used: score\n"), (shown.Code, shown.Error));
        Assert.All(["adapter", "base", "accuracy", "loss", "/files/base-predictions.jsonl"], words => Assert.Contains(words, shown.Output));
        _service.Run("jobs", "evaluate", job.Id, "--dataset", "moods", "--split", "test")
            .Complained(ExitCode.Usage, "split: the dataset has no test; it has train, validation");
    }
}
