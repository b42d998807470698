using System.CommandLine;

namespace LoraDrop.Cli;

/// <summary>Shows the first rows of a split.</summary>
internal sealed class PreviewCommand : ServiceCommand
{
    private readonly Argument<string> _name = new("name") { Description = "Name or id" };
    private readonly Option<string> _split = new("--split") { Description = "train, validation or test",
        DefaultValueFactory = _ => "train" };

    public PreviewCommand() : base("preview", "Show the first rows of a dataset, with long texts cut; --json shows them whole")
    {
        _split.AcceptOnlyFromAmong("train", "validation", "test");
        Add(_name);
        Add(_split);
    }

    protected override async Task<int> RunAsync(ParseResult options, Terminal terminal, ServiceClient service, CancellationToken cancel)
    {
        var preview = await service.PreviewAsync(options.GetValue(_name)!, options.GetValue(_split)!, cancel);
        terminal.TellJson(preview.Json);
        if (terminal.Json) return ExitCode.Done;
        PlainTable.Write(terminal.Console, [.. preview.Value.Columns], preview.Value.Rows, longest: 100);
        terminal.Say($"{preview.Value.Rows.Count:N0} of {preview.Value.Total:N0} rows of {preview.Value.Split}");
        return ExitCode.Done;
    }
}
