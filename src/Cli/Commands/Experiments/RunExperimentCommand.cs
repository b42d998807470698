using System.CommandLine;
using System.Text.Json.Nodes;
using LoraDrop.Api;
using LoraDrop.Domain;

namespace LoraDrop.Cli;

/// <summary>Submits an experiment, from a file or a preset.</summary>
internal sealed class RunExperimentCommand : ServiceCommand
{
    private readonly Argument<FileInfo?> _file = new("file")
    {
        Description = "A JSON file with the request: the body of POST /experiments; or --preset", Arity = ArgumentArity.ZeroOrOne,
    };
    private readonly Option<string?> _preset = new("--preset") { Description = "A table or figure of the paper, such as paper/table-1" };
    private readonly Option<string?> _model = new("--model") { Description = "With --preset: the base model, as in jobs submit" };
    private readonly Option<string[]> _tasks = new("--task")
    {
        Description = "With --preset: a task and its dataset, glue/rte=<dataset>; may be repeated",
    };
    private readonly Option<string?> _seeds = new("--seeds") { Description = "With --preset: seeds separated by commas (1,2,3)" };
    private readonly Option<string?> _methods = new("--methods") { Description = "With --preset: rows to run, separated by commas (all)" };
    private readonly Option<string[]> _set = new("--set")
    {
        Description = "A setting of every job: training.epochs=3; may be repeated",
    };
    private readonly Option<int?> _parallel = new("--parallel")
    {
        Description = "The most jobs that run or wait in the queue at a time (no limit)",
    };
    private readonly Option<bool> _dryRun = new("--dry-run") { Description = "Show the jobs and faults; nothing is submitted" };
    private readonly Option<bool> _follow = new("--watch") { Description = "Follow it to its end, then write the table" };
    private readonly ExperimentWatch _watch;

    public RunExperimentCommand() : base("run", "Submit an experiment: a grid of jobs, or a table of the paper")
    {
        Add(_file);
        foreach (var option in (Option[])[_preset, _model, _tasks, _seeds, _methods, _set, _parallel, _dryRun, _follow]) Add(option);
        _watch = new(this);
    }

    protected override async Task<int> RunAsync(ParseResult options, Terminal terminal, ServiceClient service, CancellationToken cancel)
    {
        var request = Request(options).ToJsonString();
        if (options.GetValue(_dryRun)) return Show(await service.PreviewExperimentAsync(request, cancel), terminal);
        var submitted = await service.SubmitExperimentAsync(request, cancel);
        ExperimentCommand.Show(submitted, terminal);
        return options.GetValue(_follow)
            ? await _watch.RunAsync(submitted.Value.Id, options, terminal, service, cancel)
            : ExitCode.Done;
    }

    private JsonObject Request(ParseResult options)
    {
        var json = options.GetValue(_file) is { } file ? SettingOptions.FromFile(file.FullName) : [];
        if (options.GetValue(_preset) is { } preset) json["preset"] = preset;
        if (options.GetValue(_model) is { } model) json["model"] = LocalSource.Of(model);
        foreach (var task in options.GetValue(_tasks) ?? [])
        {
            if (task.Split('=', 2) is not [{ Length: > 0 } name, { Length: > 0 } data])
                throw new RefusedInputException("--task", $"must be a task and its dataset: glue/rte=<dataset>; got '{task}'");
            json["tasks"] ??= new JsonObject();
            json["tasks"]!.AsObject()[name] = LocalSource.Of(data);
        }
        if (options.GetValue(_seeds) is { } seeds)
            json["seeds"] = new JsonArray([.. seeds.Split(',').Select(text => long.TryParse(text, out var seed)
                ? (JsonNode)seed
                : throw new RefusedInputException("--seeds", $"'{text}' is not a whole number"))]);
        if (options.GetValue(_methods) is { } methods)
            json["methods"] = new JsonArray([.. methods.Split(',').Select(method => (JsonNode)method.Trim())]);
        foreach (var (path, value) in SettingOptions.Assignments(options.GetValue(_set) ?? []))
            SettingOptions.Put(json, $"base.{path}", value);
        if (options.GetValue(_parallel) is { } parallel) json["parallel"] = parallel;
        if (json["base"] is JsonObject common) LocalSource.Spell(common);
        return json;
    }

    private static int Show(Reply<ExperimentPreview> preview, Terminal terminal)
    {
        terminal.TellJson(preview.Json);
        var (shown, json) = (preview.Value, terminal.Json);
        string[] axes = [.. shown.Points.SelectMany(point => point.Keys).Distinct()];
        if (!json)
            PlainTable.Write(terminal.Console, axes, shown.Points.Select(point =>
                (IReadOnlyList<string?>)[.. axes.Select(axis => point.GetValueOrDefault(axis))]));
        terminal.Say($"{shown.Jobs} jobs; importance is measured {shown.ImportanceEvaluations} times");
        foreach (var remark in shown.Remarks) terminal.Say(remark);
        if (shown.Faults.Count > 0 && !json) Failure.Write(json, FailureCode.Refused, shown.Faults);
        return shown.Faults.Count == 0 ? ExitCode.Done : ExitCode.Usage;
    }
}
