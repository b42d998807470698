using System.CommandLine;
using System.Text.Json.Nodes;
using LoraDrop.Domain;

namespace LoraDrop.Cli;

/// <summary>Submits a job.</summary>
internal sealed class SubmitCommand : ServiceCommand
{
    private readonly Option<string?> _name = new("--name") { Description = "Name to show" };
    private readonly Option<bool> _follow = new("--watch") { Description = "Follow the job to its end" };
    private readonly SettingOptions _settings;
    private readonly JobWatch _watch;

    public SubmitCommand() : base("submit", "Submit a job, with the options of train and the service's models and datasets")
    {
        Add(_name);
        Add(_follow);
        _watch = new(this);
        _settings = new(this, atService: true);
    }

    protected override async Task<int> RunAsync(ParseResult options, Terminal terminal, ServiceClient service, CancellationToken cancel)
    {
        var settings = _settings.Json(options);
        if (options.GetValue(_name) is { } name) settings["name"] = name;
        LocalSource.Spell(settings);
        var job = await service.SubmitAsync(settings.ToJsonString(), cancel);
        terminal.TellJson(job.Json);
        terminal.Say($"job {job.Value.Id}\n{ServiceAddress.Shown(service.Address)}{job.Value.Links.Self}");
        return options.GetValue(_follow) ? await _watch.RunAsync(job.Value.Id, options, terminal, service, cancel) : ExitCode.Done;
    }
}

/// <summary>Resolves a local path for a service.</summary>
internal static class LocalSource
{
    /// <summary>Makes the paths of a request's model, dataset and initial adapter absolute.</summary>
    public static void Spell(JsonObject settings)
    {
        foreach (var input in (string[])["model", "dataset", "initialAdapter"])
            if (settings[input] is JsonValue value && value.TryGetValue<string>(out var written)) settings[input] = Of(written);
    }

    /// <summary><c>file:</c> and the absolute path of what exists here. A path has a slash or the end of a table's name; a word alone is
    /// the name of something registered.</summary>
    public static string Of(string written) =>
        !written.Contains(':') && (written.Contains('/') || DataFormat.Extensions.Contains(DataFormat.Of(written))) && Path.Exists(written)
            ? $"file:{Path.GetFullPath(written)}"
            : written;
}
