using System.Text.Json;

namespace LoraDrop.Cli.Tests;

public sealed class RestartFacts(ServedJob job) : IClassFixture<ServedJob>
{
    private readonly RunningService _service = job.Service;

    [Fact]
    public void A_watch_goes_on_over_a_restart_of_the_service_and_misses_nothing()
    {
        using var watch =
            _service.Begin([.. _service.Submit("--importance-from", job.Id, "--epochs", "200", "--evaluate-every", "200"), "--watch"]);
        var seen = ReadUntil(watch, "evaluated");
        _service.Kill();
        seen += ReadUntil(watch, "lost");
        _service.StartAgain();
        var ended = Loradrop.End(watch);
        ended = (ended with { Output = seen + ended.Output }).Well();
        Assert.Contains("back", ended.Kinds());
        Assert.Equal("succeeded", ended.Events[^1].GetProperty("data").Text("status"));
        var id = ended.Events[0].Text("id");
        Assert.Equal(_service.Run("jobs", "events", id).Well().Events.Select(e => e.GetProperty("id").GetInt64()), ended.Ids());
    }

    [Fact]
    public void Patience_ends()
    {
        using var watch = _service.Begin([.. _service.Submit("--importance-from", job.Id, "--epochs", "20000", "--evaluate-every", "500"),
            "--watch", "--patience", "1"]);
        var seen = ReadUntil(watch, "stage-started");
        _service.Kill();
        var ended = Loradrop.End(watch);
        ended = ended with { Output = seen + ended.Output };
        ended.Complained(ExitCode.Unreachable, "for 1 seconds", "loradrop jobs watch");
        _service.StartAgain();
        var id = ended.Events[0].Text("id");
        _service.Run("jobs", "cancel", id).Well();
        Assert.Equal(ExitCode.Cancelled, _service.Run("jobs", "watch", id).Code);
    }

    private static string ReadUntil(System.Diagnostics.Process watch, string kind)
    {
        var seen = "";
        while (watch.StandardOutput.ReadLine() is { } line)
        {
            seen += line + "\n";
            if (JsonDocument.Parse(line).RootElement.TryGetProperty("event", out var said) && said.GetString() == kind) return seen;
        }
        throw new InvalidOperationException($"ended before '{kind}': {seen}{watch.StandardError.ReadToEnd()}");
    }
}
