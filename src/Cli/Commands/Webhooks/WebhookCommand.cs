using System.CommandLine;
using LoraDrop.Api;

namespace LoraDrop.Cli;

/// <summary>A command about one webhook.</summary>
internal abstract class WebhookCommand : ServiceCommand
{
    private readonly Argument<Guid> _id = OptionRules.Id("id", "The webhook's id, as add and list show it",
        "is not the id of a webhook; loradrop webhooks list shows the ids");

    protected WebhookCommand(string name, string description) : base(name, description) => Add(_id);

    /// <summary>Runs the command; returns the exit code.</summary>
    protected abstract Task<int> RunAsync(Guid webhook, ParseResult options, Terminal terminal, ServiceClient service,
        CancellationToken cancel);

    protected sealed override Task<int> RunAsync(ParseResult options, Terminal terminal, ServiceClient service, CancellationToken cancel) =>
        RunAsync(options.GetValue(_id), options, terminal, service, cancel);

    /// <summary>Shows a webhook's details.</summary>
    internal static int Show(Reply<WebhookView> webhook, Terminal terminal)
    {
        terminal.TellJson(webhook.Json);
        var shown = webhook.Value;
        terminal.Say($"{shown.Id}  {shown.Url}{(shown.Description is { } about ? $"  {about}" : "")}");
        terminal.Say($"  sends {string.Join(", ", shown.Events)}{(shown.AllOwners ? ", for everyone's jobs" : "")}; {StateOf(shown)}");
        if (shown.Secret is { } secret) terminal.Say($"  secret, shown only once: {secret}");
        if (shown.FormerSecretUntil is { } until) terminal.Say($"  the previous secret is valid until {Words.Time(until)}");
        return ExitCode.Done;
    }

    internal static string StateOf(WebhookView webhook) => webhook.DisabledReason is not { } why ? "enabled" : why switch
    {
        Storage.DisabledReason.Asked => "disabled",
        Storage.DisabledReason.Gone => "disabled: the receiver answered that it is gone",
        Storage.DisabledReason.Failing => "disabled: nothing came through for three days",
    };
}
