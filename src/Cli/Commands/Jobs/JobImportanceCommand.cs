using System.CommandLine;

namespace LoraDrop.Cli;

/// <summary>Shows the importance of each layer, and what another cut would keep.</summary>
internal sealed class JobImportanceCommand : JobCommand
{
    private readonly (string Field, Option<string?> Option)[] _cut =
    [
        ("threshold", new("--threshold") { Description = "Try another T, or auto" }),
        ("granularity", new("--granularity") { Description = "Try a cut between whole layers (layer) or single ranks (rank)" }),
        ("keep", new("--keep") { Description = "Try keeping this many layers per module type" }),
        ("select", new("--select") { Description = "Try another choice of layers: importance, inverse, random, top" }),
        ("remainder", new("--remainder") { Description = "Try another treatment of the other layers: share, none" }),
    ];

    public JobImportanceCommand() : base("importance", "Show the importance of each layer, and what another T would keep")
    {
        foreach (var (_, option) in _cut) Add(option);
    }

    protected override async Task<int> RunAsync(Guid job, ParseResult options, Terminal terminal, ServiceClient service,
        CancellationToken cancel)
    {
        var asked = _cut.Where(cut => options.GetValue(cut.Option) is not null)
            .Select(cut => $"{cut.Field}={Uri.EscapeDataString(options.GetValue(cut.Option)!)}").ToArray();
        var importance = await service.ImportanceAsync(job, asked.Length == 0 ? "" : $"?{string.Join('&', asked)}", cancel);
        terminal.TellJson(importance.Json);
        if (terminal.Json) return ExitCode.Done;
        JobImportanceView.Write(terminal.Console, importance.Value, importance.Value.WhatIf
            ? (await service.ImportanceAsync(job, "", cancel)).Value
            : null);
        return ExitCode.Done;
    }
}
