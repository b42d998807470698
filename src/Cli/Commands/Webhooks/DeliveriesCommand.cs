using System.CommandLine;
using LoraDrop.Api;
using LoraDrop.Domain;

namespace LoraDrop.Cli;

/// <summary>Lists a webhook's deliveries.</summary>
internal sealed class DeliveriesCommand : WebhookCommand
{
    private readonly Option<string[]> _status =
        new("--status") { Description = "Only deliveries with this status (pending, delivered, failed); may be repeated" };
    private readonly ListOptions _list;

    public DeliveriesCommand() : base("deliveries", "List a webhook's deliveries, newest first")
    {
        _status.AcceptOnlyFromAmong("pending", "delivered", "failed");
        Add(_status);
        _list = new(this);
    }

    protected override async Task<int> RunAsync(Guid webhook, ParseResult options, Terminal terminal, ServiceClient service,
        CancellationToken cancel)
    {
        var filters = (options.GetValue(_status) ?? []).Select(status => ("status", status));
        var sent = await _list.ReadAsync(options, terminal, query => service.DeliveriesAsync(webhook, query, cancel), filters, cancel);
        if (!terminal.Json)
            PlainTable.Write(terminal.Console, ["id", "type", "job", "status", ">attempts", "last", "next", "created"], sent.Select(Row));
        return ExitCode.Done;
    }

    private static IReadOnlyList<string?> Row(DeliveryView sent) =>
    [
        $"{sent.Id}", sent.Type, sent.Job?.ToString(), JsonText.NameOf(sent.Status), $"{sent.Attempts}", sent.Last is { } last ? last.Error
        ?? $"{last.Status}" : null, sent.NextAt is { } next ? Words.Time(next) : null, Words.Time(sent.CreatedAt),
    ];
}
