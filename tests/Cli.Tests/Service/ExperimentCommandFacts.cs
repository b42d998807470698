using System.Text.Json.Nodes;

namespace LoraDrop.Cli.Tests;

public sealed class ExperimentCommandFacts : IDisposable
{
    private readonly RunningService _service = new();

    public ExperimentCommandFacts() => _service.Prepare();

    public void Dispose() => _service.Dispose();

    [Fact]
    public void A_grid_is_shown_run_and_watched_to_its_table_though_the_service_is_killed_twice()
    {
        var request = JsonNode.Parse(File.ReadAllText(_service.Tiny.Settings))!.AsObject();
        (request["model"], request["dataset"]) = ("tiny", "moods");
        foreach (var own in (string[])["name", "labels", "priority"]) request.Remove(own);
        var file = _service.Tiny.Written("grid.json", new JsonObject
        {
            ["base"] = request,
            ["grid"] = JsonNode.Parse("""{"method": ["lora", "lora-drop"], "training.seed": [1, 2]}"""),
            ["baseline"] = new JsonObject { ["method"] = "lora" },
        }.ToJsonString());

        var preview = Assert.Single(_service.Run("experiments", "run", file, "--dry-run", "--set", "training.epochs=6").Well().Events);
        Assert.Equal(4, preview.GetProperty("jobs").GetInt32());
        Assert.Empty(_service.Run("experiments", "list").Well().Events);

        var id = _service.Run("experiments", "run", file, "--set", "training.epochs=60").Well().Events[0].Text("id");
        using var watch = _service.Begin("experiments", "watch", id, "--patience", "3000");
        for (var kills = 1; kills <= 2; kills++)
        {
            Assert.NotEqual("succeeded", _service.Run("experiments", "get", id).Well().Events[0].Text("status"));
            _service.Kill();
            _service.StartAgain();
        }
        var ended = Loradrop.End(watch);
        Assert.Equal(ExitCode.Done, ended.Code);
        Assert.Equal("succeeded", ended.Events[^1].Text("status"));
        Assert.Equal(4, ended.Events[^1].GetProperty("jobs").GetProperty("succeeded").GetInt32());

        var table = _service.Show("experiments", "table", id).Well().Output;
        Assert.Contains("| lora-drop |", table);
        Assert.Contains("difference ", table);
        Assert.StartsWith("method,metric,n,", _service.Show("experiments", "table", id, "--format", "csv").Well().Output);
        Assert.Contains(id, _service.Show("experiments", "list").Well().Output);
        var extended = _service.Run("experiments", "extend", id, "--seeds", "3").Well().Events[0];
        Assert.Equal(6, extended.GetProperty("jobs").GetProperty("total").GetInt32());
        var endless = _service.Run("experiments", "run", file, "--set", "training.epochs=20000").Well().Events[0].Text("id");
        _service.Run("experiments", "cancel", endless).Well();
        Assert.Equal(ExitCode.Cancelled, _service.Run("experiments", "watch", endless).Code);
        _service.Run("experiments", "extend", id, "--seeds", "3")
            .Complained(ExitCode.Usage, "seeds[0]: 3 is a seed of this experiment already");
        _service.Run("experiments", "run", "--preset", "paper/table-10", "--model", "tiny", "--task", "glue/rte=moods")
            .Complained(ExitCode.Usage, "preset: must be one of paper/table-1");
        Assert.Contains("paper/table-3", _service.Show("experiments", "presets").Well().Output);
    }
}
