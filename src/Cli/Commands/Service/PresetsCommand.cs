using System.CommandLine;
using LoraDrop.Domain;

namespace LoraDrop.Cli;

/// <summary>Lists the presets.</summary>
internal sealed class PresetsCommand() : ServiceCommand("presets", "List the presets for --task")
{
    protected override async Task<int> RunAsync(ParseResult options, Terminal terminal, ServiceClient service, CancellationToken cancel)
    {
        var presets = new List<TaskPreset>();
        await foreach (var preset in service.PresetsAsync(cancel))
        {
            terminal.TellJson(preset.Json);
            presets.Add(preset.Value);
        }
        if (!terminal.Json) PlainTable.Write(terminal.Console, ["task", "kind", "columns", "labels", "metric"], presets.Select(Row));
        return ExitCode.Done;
    }

    private static IReadOnlyList<string?> Row(TaskPreset preset) =>
    [
        preset.Name, JsonText.NameOf(preset.Kind), string.Join(" or ", preset.Columns.Select(columns => $"({columns})")),
        preset.Labels is { } labels ? string.Join(", ", labels) : null,
        JsonText.NameOf(preset.Metric),
    ];
}
