using System.CommandLine;

namespace LoraDrop.Cli;

/// <summary>Asks what a job would take, and hands nothing in.</summary>
internal sealed class EstimateCommand : ServiceCommand
{
    private readonly SettingOptions _settings;

    public EstimateCommand() : base("estimate", "Ask what a job would take, with the options of submit: faults, parameters, memory, time. Nothing is submitted") => _settings = new(this, atService: true);

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
