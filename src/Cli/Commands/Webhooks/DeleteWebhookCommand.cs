using System.CommandLine;

namespace LoraDrop.Cli;

/// <summary>Deletes a webhook.</summary>
internal sealed class DeleteWebhookCommand() : WebhookCommand("delete", "Delete a webhook and its deliveries")
{
    protected override async Task<int> RunAsync(Guid webhook, ParseResult options, Terminal terminal, ServiceClient service,
        CancellationToken cancel)
    {
        await service.DeleteWebhookAsync(webhook, cancel);
        terminal.Tell(new { Deleted = webhook });
        terminal.Say("deleted");
        return ExitCode.Done;
    }
}
