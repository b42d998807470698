using System.CommandLine;

namespace LoraDrop.Cli;

/// <summary>Retries a failed or cancelled job.</summary>
internal sealed class RetryCommand : JobCommand
{
    private readonly Option<bool> _follow = new("--watch") { Description = "Follow the job to its end" };
    private readonly JobWatch _watch;

    public RetryCommand() : base("retry", "Retry a failed or cancelled job from its last checkpoint")
    {
        Add(_follow);
        _watch = new(this);
    }

    protected override async Task<int> RunAsync(Guid job, ParseResult options, Terminal terminal, ServiceClient service,
        CancellationToken cancel)
    {
        var changed = await service.RetryAsync(job, cancel);
        terminal.TellJson(changed.Json);
        terminal.Say("queued again");
        return options.GetValue(_follow) ? await _watch.RunAsync(job, options, terminal, service, cancel) : ExitCode.Done;
    }
}
