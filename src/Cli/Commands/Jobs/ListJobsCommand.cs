using System.CommandLine;
using LoraDrop.Api;
using LoraDrop.Domain;

namespace LoraDrop.Cli;

/// <summary>Lists jobs.</summary>
internal sealed class ListJobsCommand : ServiceCommand
{
    private readonly Option<string[]> _status =
        new("--status") { Description = "Only jobs with this status (queued, running, succeeded, failed, cancelled); may be repeated" };
    private readonly Option<string[]> _label = new("--label") { Description = "Only jobs with this label: name=value; may be repeated" };
    private readonly Option<bool> _deleted =
        new("--deleted") { Description = "List deleted jobs that can be restored, instead of the others" };
    private readonly ListOptions _list;

    public ListJobsCommand() : base("list", "List jobs, newest first")
    {
        _label.Validators.Add(result =>
        {
            foreach (var token in result.Tokens.Where(token => token.Value.IndexOf('=') < 1))
                result.AddError($"--label must be a name and a value: team=search; got '{token.Value}'");
        });
        Add(_status);
        Add(_label);
        Add(_deleted);
        _list = new(this);
    }

    protected override async Task<int> RunAsync(ParseResult options, Terminal terminal, ServiceClient service, CancellationToken cancel)
    {
        var filters = (options.GetValue(_status) ?? []).Select(status => ("status", status))
            .Concat((options.GetValue(_label)
            ?? []).Select(label => ("label", $"{label[..label.IndexOf('=')]}:{label[(label.IndexOf('=') + 1)..]}")))
            .Concat(options.GetValue(_deleted) ? [("deleted", "true")] : []);
        var jobs = await _list.ReadAsync(options, terminal, query => service.JobsAsync(query, cancel), filters, cancel);
        if (terminal.Json) return ExitCode.Done;
        PlainTable.Write(terminal.Console, ["id", "name", "status", "stage", ">progress", "model", "dataset", ">score", "created"],
            jobs.Select(Row));
        return ExitCode.Done;
    }

    private static IReadOnlyList<string?> Row(JobSummary job) =>
    [
        $"{job.Id}", job.Name, JsonText.NameOf(job.Status), JsonText.NameOf(job.Stage), $"{job.Progress:P0}", Words.Of(job.Model),
        Words.Of(job.Dataset),
        job.Score is { } score ? $"{score:0.0000}" : null, Words.Time(job.CreatedAt),
    ];
}
