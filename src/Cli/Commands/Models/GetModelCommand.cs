using System.CommandLine;
using LoraDrop.Storage;

namespace LoraDrop.Cli;

/// <summary>Shows a model.</summary>
internal sealed class GetModelCommand : ServiceCommand
{
    private readonly Argument<string> _name = new("name") { Description = "Name or id" };

    public GetModelCommand() : base("get", "Show a model: its size and LoRA targets, or its faults") => Add(_name);

    protected override async Task<int> RunAsync(ParseResult options, Terminal terminal, ServiceClient service, CancellationToken cancel)
    {
        var model = await service.ModelAsync(options.GetValue(_name)!, cancel);
        terminal.TellJson(model.Json);
        if (model.Value.Status == InputStatus.Preparing) terminal.Say("being fetched and inspected");
        return AddModelCommand.Sum(model.Value, terminal);
    }
}
