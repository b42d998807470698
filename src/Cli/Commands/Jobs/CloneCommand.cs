using System.CommandLine;

namespace LoraDrop.Cli;

/// <summary>Submits a job again, optionally with changed settings.</summary>
internal sealed class CloneCommand : JobCommand
{
    private readonly Option<string?> _name = new("--name") { Description = "New name to show" };
    private readonly Option<bool> _follow = new("--watch") { Description = "Follow the job to its end" };
    private readonly SettingOptions _settings;
    private readonly JobWatch _watch;

    public CloneCommand() : base("clone", "Submit a job again; options change its settings")
    {
        Add(_name);
        Add(_follow);
        _watch = new(this);
        _settings = new(this, atService: true);
    }

    protected override async Task<int> RunAsync(Guid job, ParseResult options, Terminal terminal, ServiceClient service,
        CancellationToken cancel)
    {
        var patch = _settings.Patch(options);
        if (options.GetValue(_name) is { } name) patch["name"] = name;
        LocalSource.Spell(patch);
        var clone = await service.CloneAsync(job, patch.ToJsonString(), cancel);
        terminal.TellJson(clone.Json);
        terminal.Say($"job {clone.Value.Id}\n{ServiceAddress.Shown(service.Address)}{clone.Value.Links.Self}");
        return options.GetValue(_follow) ? await _watch.RunAsync(clone.Value.Id, options, terminal, service, cancel) : ExitCode.Done;
    }
}
