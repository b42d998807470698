using System.CommandLine;
using LoraDrop.Api;

namespace LoraDrop.Cli;

/// <summary>Lists webhooks.</summary>
internal sealed class ListWebhooksCommand : ServiceCommand
{
    private readonly ListOptions _list;

    public ListWebhooksCommand() : base("list", "List webhooks, newest first") => _list = new(this);

    protected override async Task<int> RunAsync(ParseResult options, Terminal terminal, ServiceClient service, CancellationToken cancel)
    {
        var webhooks = await _list.ReadAsync(options, terminal, query => service.WebhooksAsync(query, cancel), [], cancel);
        if (!terminal.Json) PlainTable.Write(terminal.Console, ["id", "address", "events", "state", "created"], webhooks.Select(Row));
        return ExitCode.Done;
    }

    private static IReadOnlyList<string?> Row(WebhookView webhook) =>
        [$"{webhook.Id}", webhook.Url, string.Join(", ", webhook.Events), WebhookCommand.StateOf(webhook), Words.Time(webhook.CreatedAt)];
}
