using System.CommandLine;

namespace LoraDrop.Cli;

/// <summary>Adds a webhook.</summary>
internal sealed class AddWebhookCommand : ServiceCommand
{
    private readonly Argument<string> _address = new("address") { Description = "Where to send to, such as https://hooks.example.com/loradrop" };
    private readonly Option<string[]> _events = new("--event") { Description = "What to send, such as job.succeeded; may be given several times. Else everything" };
    private readonly Option<string?> _description = new("--description") { Description = "For people" };
    private readonly Option<bool> _allOwners = new("--all-owners") { Description = "Hear of everybody's jobs; only an admin may" };

    public AddWebhookCommand() : base("add", "Have what happens to jobs sent to an address, signed; shows the secret once")
    {
        Add(_address);
        Add(_events);
        Add(_description);
        Add(_allOwners);
    }

    protected override async Task<int> RunAsync(ParseResult options, Terminal terminal, ServiceClient service, CancellationToken cancel) => WebhookCommand.Show(await service.AddWebhookAsync(
        new(options.GetValue(_address), options.GetValue(_events) is { Length: > 0 } events ? events : null, options.GetValue(_description), options.GetValue(_allOwners) ? true : null, null), cancel), terminal);
}
