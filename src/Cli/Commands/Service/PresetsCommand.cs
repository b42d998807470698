using LoraDrop.Domain;

namespace LoraDrop.Cli;

/// <summary>Lists the presets.</summary>
internal sealed class PresetsCommand()
    : TableCommand<TaskPreset>("presets", "List the presets for --task", "task", "kind", "columns", "labels", "metric")
{
    protected override IAsyncEnumerable<Reply<TaskPreset>> ListAsync(ServiceClient service, CancellationToken cancel) =>
        service.PresetsAsync(cancel);

    protected override IReadOnlyList<string?> Row(TaskPreset preset) =>
    [
        preset.Name, JsonText.NameOf(preset.Kind), string.Join(" or ", preset.Columns.Select(columns => $"({columns})")),
        preset.Labels is { } labels ? string.Join(", ", labels) : null,
        JsonText.NameOf(preset.Metric),
    ];
}
