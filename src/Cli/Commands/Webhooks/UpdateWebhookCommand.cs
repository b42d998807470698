using System.CommandLine;

namespace LoraDrop.Cli;

/// <summary>Changes a webhook.</summary>
internal sealed class UpdateWebhookCommand : WebhookCommand
{
    private readonly Option<string?> _address = new("--address") { Description = "URL to send to" };
    private readonly Option<string[]> _events = new("--event") { Description = "Event to send; may be repeated" };
    private readonly Option<string?> _description = new("--description") { Description = "Description" };
    private readonly Option<bool> _enable = new("--enable") { Description = "Enable it; waiting deliveries are sent too" };
    private readonly Option<bool> _disable = new("--disable") { Description = "Disable it" };

    public UpdateWebhookCommand() : base("update", "Change a webhook, enable or disable it")
    {
        Option[] changes = [_address, _events, _description, _enable, _disable];
        foreach (var change in changes) Add(change);
        Validators.Add(result =>
        {
            if (result.GetValue(_enable) && result.GetValue(_disable)) result.AddError("--enable and --disable exclude each other");
            if (changes.All(change => result.GetResult(change) is null or { Implicit: true }))
                result.AddError($"give at least one of {string.Join(", ", changes.Select(change => change.Name))}");
        });
    }

    protected override async Task<int> RunAsync(Guid webhook, ParseResult options, Terminal terminal, ServiceClient service,
        CancellationToken cancel)
    {
        var enabled = options.GetValue(_enable) ? true : options.GetValue(_disable) ? false : (bool?)null;
        return Show(await service.ChangeWebhookAsync(webhook,
            new(options.GetValue(_address), options.GetValue(_events) is { Length: > 0 } events ? events : null,
            options.GetValue(_description), null, enabled), cancel), terminal);
    }
}
