using System.CommandLine;

namespace LoraDrop.Cli;

/// <summary>Lists the presets of experiments.</summary>
internal sealed class ExperimentPresetsCommand() : ServiceCommand("presets", "List the paper's tables and figures")
{
    protected override async Task<int> RunAsync(ParseResult options, Terminal terminal, ServiceClient service, CancellationToken cancel)
    {
        var presets = await service.ExperimentPresetsAsync(cancel);
        foreach (var preset in presets) terminal.Tell(preset);
        if (!terminal.Json)
            PlainTable.Write(terminal.Console, ["name", "shows", "rows", "tasks"], presets.Select(preset => (IReadOnlyList<string?>)
                [preset.Name, preset.Title, string.Join(", ", preset.Rows), string.Join(", ", preset.Tasks)]));
        return ExitCode.Done;
    }
}
