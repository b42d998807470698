using System.CommandLine;
using LoraDrop.Api;
using LoraDrop.Storage;

namespace LoraDrop.Cli;

/// <summary>Waits for a new dataset, and shows the result.</summary>
internal sealed class DatasetReadiness
{
    private readonly Option<bool> _noWait = new("--no-wait") { Description = "Do not wait for its validation" };

    public DatasetReadiness(Command command) => command.Add(_noWait);

    public Task<int> ShowAsync(Reply<DatasetView> added, ParseResult options, Terminal terminal, ServiceClient service,
        CancellationToken cancel)
    {
        if (!options.GetValue(_noWait)) return ShowAsync(added, terminal, service, cancel);
        terminal.TellJson(added.Json);
        terminal.Say($"being validated: loradrop datasets get {added.Value.Name}");
        return Task.FromResult(ExitCode.Done);
    }

    /// <summary>Waits, then shows columns or faults; returns the exit code.</summary>
    public static async Task<int> ShowAsync(Reply<DatasetView> added, Terminal terminal, ServiceClient service, CancellationToken cancel)
    {
        Reply<DatasetView> dataset;
        using (var view = terminal.Json ? null : new TransferView(terminal.Console, TimeProvider.System, "Fetch", 0))
            dataset = await Preparation.AwaitAsync(() => service.DatasetAsync($"{added.Value.Id}", cancel), seen => Show(view, seen.Fetch),
                seen => seen.Status, TimeProvider.System, cancel);
        terminal.TellJson(dataset.Json);
        return Sum(dataset.Value, terminal);
    }

    /// <summary>Shows the result.</summary>
    public static int Sum(DatasetView dataset, Terminal terminal)
    {
        if (dataset.Error is { } failure)
        {
            Failure.Write(terminal.Json, failure.Code, failure.Faults ?? [new("dataset", failure.Message)]);
            return ExitCode.Of(failure.Code);
        }
        if (dataset.Status == InputStatus.Ready && !terminal.Json) DatasetLines.Write(terminal.Console, dataset);
        return ExitCode.Done;
    }

    internal static void Show(TransferView? view, FetchView? fetch)
    {
        if (fetch is not null) view?.Reached(fetch.Bytes, fetch.Total);
    }
}
