using System.CommandLine;
using LoraDrop.Domain;

namespace LoraDrop.Cli;

/// <summary>Fine-tunes: both stages of LoRA-drop, or ordinary LoRA.</summary>
internal sealed class TrainCommand : EngineCommand
{
    private readonly Option<string> _out = new("--out") { Description = "Output folder; a stopped run continues in its folder",
        Required = true };
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
        if (session.Json) return;
        SummaryLines.Write(session.Console, result.Scores.Values, result.Test?.Values, result.Parameters, result.LoraParameters,
            result.BestStep,
            result.Generated is { } answers ? (answers.Split, answers.Prompts, answers.Scores.Values) : null);
        session.Say($"adapter for PEFT: {Path.Combine(folder, RunFolder.AdapterFolder)}");
    }

    /// <summary>Runs, and shows the progress.</summary>
    /// <param name="request">The settings.</param>
    /// <param name="inputs">The files.</param>
    /// <param name="folder">The output folder.</param>
    /// <param name="session">Output and device.</param>
    /// <param name="cancel">Stops the run.</param>
    /// <param name="kept">What earlier runs have read; null: nothing is kept.</param>
    /// <param name="measure">Runs what it is given, once the inputs are read; null: without more.</param>
    internal static RunResult Run(JobRequest request, RunInputs inputs, string folder, Session session, CancellationToken cancel,
        KeptInputs? kept = null, Func<Func<RunResult>, RunResult>? measure = null)
    {
        using var view = session.View();
        using var run = new LoraDropRun(request, inputs, folder, session.Device, view.Report, kept);
        var result = measure is null ? run.Run(cancel) : measure(() => run.Run(cancel));
        view.Report(new RunEvent.Finished(result, folder));
        return result;
    }
}
