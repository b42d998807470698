using System.CommandLine;
using LoraDrop.Domain;
using LoraDrop.Engine;
using Spectre.Console;

namespace LoraDrop.Cli;

/// <summary>Fine-tunes: both stages of LoRA-drop, or ordinary LoRA.</summary>
internal sealed class TrainCommand : EngineCommand
{
    private readonly Option<string> _out = new("--out") { Description = "Folder for everything that comes out; a stopped run goes on in its folder", Required = true };
    private readonly SettingOptions _settings;

    public TrainCommand() : base("train", "Fine-tune a model: importance evaluation, then task adaptation")
    {
        Add(_out);
        _settings = new(this);
    }

    protected override void Run(ParseResult options, Session session, CancellationToken cancel)
    {
        var request = JobRequest.Parse(_settings.Json(options).ToJsonString());
        var folder = options.GetValue(_out)!;
        var result = Run(request, _settings.Inputs(options, request), folder, session, cancel);
        if (!session.Json) Summary(session.Console, result, folder);
    }

    /// <summary>One run, shown as it goes.</summary>
    internal static RunResult Run(JobRequest request, RunInputs inputs, string folder, Session session, CancellationToken cancel)
    {
        using var view = session.View();
        using var run = new LoraDropRun(request, inputs, folder, session.Device, view.Report);
        var result = run.Run(cancel);
        view.Report(new RunEvent.Finished(result, folder));
        return result;
    }

    private static void Summary(IAnsiConsole console, RunResult result, string folder)
    {
        var scores = string.Join("  ", result.Scores.Values.Select(s => $"{s.Key} {s.Value:0.0000}"));
        console.MarkupLineInterpolated($"[bold]best[/] at step {result.BestStep:N0}: {scores}");
        if (result.Test is { } test) console.MarkupLineInterpolated($"[bold]test[/] {string.Join("  ", test.Values.Select(s => $"{s.Key} {s.Value:0.0000}"))}");
        console.MarkupLineInterpolated($"trained {result.Parameters.Adapter:N0} adapter parameters ({result.Parameters.WithoutShared:N0} without the shared pairs, {result.Parameters.AdapterAndHead:N0} with the head); LoRA would train {result.LoraParameters:N0}");
        console.MarkupLineInterpolated($"adapter for PEFT: {Path.Combine(folder, "adapter")}");
    }
}
