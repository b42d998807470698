using System.CommandLine;

namespace LoraDrop.Cli;

/// <summary>What each layer contributes, and what another cut would keep.</summary>
internal sealed class JobImportanceCommand : JobCommand
{
    private readonly (string Field, Option<string?> Option)[] _cut =
    [
        ("threshold", new("--threshold") { Description = "What if T were this?" }),
        ("keep", new("--keep") { Description = "What if each module type kept so many layers?" }),
        ("select", new("--select") { Description = "What if layers were chosen by: importance, inverse, random, top?" }),
        ("remainder", new("--remainder") { Description = "What if the other layers got: share, none?" }),
    ];

    public JobImportanceCommand() : base("importance", "Show what each layer contributes, and what another T would keep")
    {
        foreach (var (_, option) in _cut) Add(option);
    }

    protected override async Task<int> RunAsync(Guid job, ParseResult options, Terminal terminal, ServiceClient service, CancellationToken cancel)
    {
        var asked = _cut.Where(cut => options.GetValue(cut.Option) is not null).Select(cut => $"{cut.Field}={Uri.EscapeDataString(options.GetValue(cut.Option)!)}").ToArray();
        var importance = await service.ImportanceAsync(job, asked.Length == 0 ? "" : $"?{string.Join('&', asked)}", cancel);
        terminal.TellJson(importance.Json);
        if (terminal.Json) return ExitCode.Done;
        JobImportanceView.Write(terminal.Console, importance.Value, importance.Value.WhatIf ? (await service.ImportanceAsync(job, "", cancel)).Value : null);
        return ExitCode.Done;
    }
}
