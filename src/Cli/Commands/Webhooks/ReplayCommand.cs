using System.CommandLine;

namespace LoraDrop.Cli;

/// <summary>Sends a delivery again.</summary>
internal sealed class ReplayCommand : WebhookCommand
{
    private readonly Argument<Guid> _delivery = OptionRules.Id("delivery", "The delivery's id, as deliveries shows it",
        "is not the id of a delivery; loradrop webhooks deliveries shows the ids");

    public ReplayCommand() : base("replay", "Send a delivery again, under the same id") => Add(_delivery);

    protected override async Task<int> RunAsync(Guid webhook, ParseResult options, Terminal terminal, ServiceClient service,
        CancellationToken cancel)
    {
        terminal.TellJson((await service.ReplayAsync(webhook, options.GetValue(_delivery), cancel)).Json);
        terminal.Say($"will be sent again: loradrop webhooks deliveries {webhook}");
        return ExitCode.Done;
    }
}
