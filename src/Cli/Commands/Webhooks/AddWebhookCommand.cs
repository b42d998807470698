using System.CommandLine;

namespace LoraDrop.Cli;

/// <summary>Adds a webhook.</summary>
internal sealed class AddWebhookCommand : ServiceCommand
{
    private readonly Argument<string> _address =
        new("address") { Description = "URL to send to, such as https://hooks.example.com/loradrop" };
    private readonly Option<string[]> _events =
        new("--event") { Description = "Event to send, such as job.succeeded; may be repeated (default: all)" };
    private readonly Option<string?> _description = new("--description") { Description = "Description" };
    private readonly Option<bool> _allOwners = new("--all-owners") { Description = "Send events of everyone's jobs; admins only" };

    public AddWebhookCommand() : base("add", "Create a webhook for job events, signed; shows the secret once")
    {
        Add(_address);
        Add(_events);
        Add(_description);
        Add(_allOwners);
    }

    protected override async Task<int> RunAsync(ParseResult options, Terminal terminal, ServiceClient service, CancellationToken cancel) =>
        WebhookCommand.Show(await service.AddWebhookAsync(
        new(options.GetValue(_address), options.GetValue(_events) is { Length: > 0 } events ? events : null, options.GetValue(_description),
        options.GetValue(_allOwners) ? true : null, null), cancel), terminal);
}
