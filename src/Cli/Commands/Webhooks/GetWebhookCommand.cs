using System.CommandLine;

namespace LoraDrop.Cli;

/// <summary>Shows a webhook.</summary>
internal sealed class GetWebhookCommand() : WebhookCommand("get", "Show a webhook")
{
    protected override async Task<int> RunAsync(Guid webhook, ParseResult options, Terminal terminal, ServiceClient service,
        CancellationToken cancel) => Show(await service.WebhookAsync(webhook, cancel), terminal);
}
