using System.CommandLine;
using LoraDrop.Storage;

namespace LoraDrop.Cli;

/// <summary>Lists a job's events.</summary>
internal sealed class EventsCommand : JobCommand
{
    private readonly Option<string> _level = new("--level") { Description = "Lowest level to show: info, warning or error",
        DefaultValueFactory = _ => "info" };

    public EventsCommand() : base("events", "List a job's events")
    {
        _level.AcceptOnlyFromAmong("info", "warning", "error");
        Add(_level);
    }

    protected override async Task<int> RunAsync(Guid job, ParseResult options, Terminal terminal, ServiceClient service,
        CancellationToken cancel)
    {
        var level = Enum.Parse<EventLevel>(options.GetValue(_level)!, ignoreCase: true);
        await foreach (var happened in service.EventsAsync(job, new EventQuery(level), cancel))
        {
            terminal.TellJson(happened.Json);
            terminal.Say($"{Words.Time(happened.Value.At)}  {(happened.Value.Level == EventLevel.Info ? ' ' : '!')} "
                + $"{happened.Value.Type,-19} {happened.Value.Message}");
        }
        return ExitCode.Done;
    }
}
