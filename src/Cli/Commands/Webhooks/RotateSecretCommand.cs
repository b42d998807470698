using System.CommandLine;

namespace LoraDrop.Cli;

/// <summary>Makes a webhook's secret anew.</summary>
internal sealed class RotateSecretCommand() : WebhookCommand("rotate-secret", "Make a new secret, shown once; the one before is valid for a day more")
{
    protected override async Task<int> RunAsync(Guid webhook, ParseResult options, Terminal terminal, ServiceClient service, CancellationToken cancel) => Show(await service.RotateWebhookSecretAsync(webhook, cancel), terminal);
}
