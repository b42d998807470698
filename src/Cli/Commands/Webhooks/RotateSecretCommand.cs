using System.CommandLine;

namespace LoraDrop.Cli;

/// <summary>Rotates a webhook's secret.</summary>
internal sealed class RotateSecretCommand()
    : WebhookCommand("rotate-secret", "Create a new secret, shown once; the old one stays valid for a day")
{
    protected override async Task<int> RunAsync(Guid webhook, ParseResult options, Terminal terminal, ServiceClient service,
        CancellationToken cancel) => Show(await service.RotateWebhookSecretAsync(webhook, cancel), terminal);
}
