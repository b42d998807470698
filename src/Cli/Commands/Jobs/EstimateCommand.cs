using System.CommandLine;

namespace LoraDrop.Cli;

/// <summary>Estimates a job without submitting it.</summary>
internal sealed class EstimateCommand : ServiceCommand
{
    private readonly SettingOptions _settings;

    public EstimateCommand()
        : base("estimate", "Estimate a job's faults, parameters, memory and time, with the options of submit. Nothing is submitted") =>
        _settings = new(this, atService: true);

    protected override async Task<int> RunAsync(ParseResult options, Terminal terminal, ServiceClient service, CancellationToken cancel)
    {
        var settings = _settings.Json(options);
        LocalSource.Spell(settings);
        var estimate = await service.EstimateAsync(settings.ToJsonString(), cancel);
        terminal.TellJson(estimate.Json);
        if (!terminal.Json) EstimateLines.Write(terminal.Console, estimate.Value);
        return estimate.Value.Faults.Count == 0 ? ExitCode.Done : ExitCode.Usage;
    }
}
