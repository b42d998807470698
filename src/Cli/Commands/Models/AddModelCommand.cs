using System.CommandLine;
using LoraDrop.Api;

namespace LoraDrop.Cli;

/// <summary>Registers a base model.</summary>
internal sealed class AddModelCommand : ServiceCommand
{
    private readonly Argument<string> _name = new("name") { Description = "Name for use in jobs" };
    private readonly Argument<string> _source =
        new("source") { Description = "hf:<repository>[@revision], a folder on the service's machine (file:/path or ./path), or a bucket's "
            + "folder (s3://bucket/folder)" };
    private readonly Option<bool> _noWait = new("--no-wait") { Description = "Do not wait until it is ready" };

    public AddModelCommand() : base("add", "Register a model from the hub, a bucket or the service's machine")
    {
        Add(_name);
        Add(_source);
        Add(_noWait);
    }

    protected override async Task<int> RunAsync(ParseResult options, Terminal terminal, ServiceClient service, CancellationToken cancel)
    {
        var added = await service.AddModelAsync(options.GetValue(_name)!, LocalSource.Of(options.GetValue(_source)!), cancel);
        if (!options.GetValue(_noWait)) return await ShowAsync(added, terminal, service, cancel);
        terminal.TellJson(added.Json);
        terminal.Say($"being fetched and inspected: loradrop models get {added.Value.Name}");
        return ExitCode.Done;
    }

    /// <summary>Waits, then shows the model, or why it cannot be used; returns the exit code.</summary>
    internal static async Task<int> ShowAsync(Reply<ModelView> added, Terminal terminal, ServiceClient service, CancellationToken cancel)
    {
        Reply<ModelView> model;
        using (var view = terminal.Json ? null : new TransferView(terminal.Console, TimeProvider.System, "Fetch", 0))
            model = await Preparation.AwaitAsync(() => service.ModelAsync($"{added.Value.Id}", cancel),
                seen => DatasetReadiness.Show(view, seen.Fetch), seen => seen.Status, TimeProvider.System, cancel);
        terminal.TellJson(model.Json);
        return Sum(model.Value, terminal);
    }

    /// <summary>Shows the result.</summary>
    internal static int Sum(ModelView model, Terminal terminal)
    {
        if (model.Error is { } failure)
        {
            Failure.Write(terminal.Json, failure.Code, failure.Faults ?? [new("model", failure.Message)]);
            return ExitCode.Of(failure.Code);
        }
        if (model.Facts is { } facts) terminal.Say(ModelLines.Of(model, facts));
        return ExitCode.Done;
    }
}
