using System.CommandLine;

namespace LoraDrop.Cli;

/// <summary>Everything about one webhook.</summary>
internal sealed class GetWebhookCommand() : WebhookCommand("get", "Show a webhook")
{
    protected override async Task<int> RunAsync(Guid webhook, ParseResult options, Terminal terminal, ServiceClient service, CancellationToken cancel) => Show(await service.WebhookAsync(webhook, cancel), terminal);
}
