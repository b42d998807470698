using System.CommandLine;
using LoraDrop.Storage;

namespace LoraDrop.Cli;

/// <summary>Sends a test to a webhook.</summary>
internal sealed class TestWebhookCommand() : WebhookCommand("test", "Send a test event and show the result")
{
    private const string NotDelivered = "not_delivered";

    protected override async Task<int> RunAsync(Guid webhook, ParseResult options, Terminal terminal, ServiceClient service,
        CancellationToken cancel)
    {
        var sent = await service.TestWebhookAsync(webhook, cancel);
        terminal.TellJson(sent.Json);
        if (sent.Value.Status == DeliveryStatus.Delivered)
        {
            terminal.Say($"delivered: {sent.Value.Last?.Status} after {sent.Value.Last?.Milliseconds:0} ms");
            return ExitCode.Done;
        }
        Failure.Write(terminal.Json, NotDelivered, [new("webhook", sent.Value.Last?.Error ?? "the test was not sent")]);
        return ExitCode.Unreachable;
    }
}
