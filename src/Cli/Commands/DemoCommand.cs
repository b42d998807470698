using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoraDrop.Api;
using LoraDrop.Domain;

namespace LoraDrop.Cli;

/// <summary>LoRA and LoRA-drop on the sample that comes with the repository, through a job service of their own.</summary>
internal sealed class DemoCommand : ClientCommand
{
    private const string Task = "acceptable", Model = "english";

    /// <summary>How long the service may be unreachable; it is a child of the demo.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly Option<string> _out = new("--out") { Description = "Folder for the outputs and the service's data",
        DefaultValueFactory = _ => Path.Combine(Path.GetTempPath(), $"loradrop-demo-{Environment.ProcessId}") };
    private readonly Option<string> _sample = new("--sample") { Description = "The sample's folder",
        DefaultValueFactory = _ => ShippedSample.Folder() ?? Path.Combine("samples", "english") };
    private readonly Option<bool> _keep = new("--keep") { Description = "Leave the service running" };
    private readonly Option<string> _device = new("--device") { Description = "cpu or cuda", DefaultValueFactory = _ => "cpu" };
    private readonly Option<int> _threads = OptionRules.Whole("--threads", "CPU threads", 1024, Environment.ProcessorCount);

    public DemoCommand() : base("demo", "Fine-tune the sample model with LoRA and with LoRA-drop, and compare", PosixSignal.SIGHUP)
    {
        _device.AcceptOnlyFromAmong("cpu", "cuda");
        Add(_out);
        Add(_sample);
        Add(_keep);
        Add(_device);
        Add(_threads);
    }

    protected override string WhenStopped => "the demo's service is stopped too";

    protected override async Task<int> RunAsync(ParseResult options, Terminal terminal, CancellationToken cancel)
    {
        var (sample, folder, device, threads) =
            (Path.GetFullPath(options.GetValue(_sample)!), options.GetValue(_out)!, options.GetValue(_device)!, options.GetValue(_threads));
        if (!Directory.Exists(sample))
            throw new RefusedInputException("--sample", $"folder not found: {sample}; give the repository's samples/english");
        await using var process = await ServiceProcess.StartAsync(Path.Combine(folder, "service"), device, threads, cancel);
        terminal.Say(
            $"The service: {ServiceAddress.Shown(process.Address)}   Swagger UI: {process.Address}swagger\nIts data: {process.Data}");
        terminal.Tell(new { Event = "service", Url = ServiceAddress.Shown(process.Address), process.Id, process.Data, process.Log });

        using var service = new ServiceClient(process.Address);
        if (await PrepareAsync(sample, terminal, service, cancel) is var code and not ExitCode.Done) return code;
        var jobs = new List<JobView>();
        foreach (var method in (Method[])[Methods.Lora, Methods.LoraDrop])
            jobs.Add(await SubmitAsync(sample, method, terminal, service, cancel));
        var runs = new List<ComparedRun>();
        foreach (var job in jobs)
        {
            if (await WatchAsync(job, terminal, service, cancel) is var ended and not ExitCode.Done) return ended;
            runs.Add(await FetchAsync(job.Id, sample, folder, terminal, service, cancel));
        }
        var check = Comparison.Show(runs, _ => Files(sample), Session.Open(terminal.Json, device, threads), cancel);
        terminal.Say($"\n{WhatItShows(runs[0].Result, runs[1].Result, check[0])}");

        terminal.Say($"\nEverything is in {folder}: importance.svg, adapter/ for PEFT, events/ for TensorBoard.");
        if (options.GetValue(_keep)) Leave(process, terminal);
        return ExitCode.Done;
    }

    /// <summary>Registers model and data, unless an earlier demo did.</summary>
    private static async Task<int> PrepareAsync(string sample, Terminal terminal, ServiceClient service, CancellationToken cancel)
    {
        if (!await service.ModelsAsync("", cancel).AnyAsync(model => model.Value.Name == Model, cancel))
        {
            var path = Path.Combine(sample, "model");
            terminal.Say($"\n> loradrop models add {Model} {path}");
            if (await AddModelCommand.ShowAsync(await service.AddModelAsync(Model, $"file:{path}", cancel), terminal, service,
                cancel) is var refused and not ExitCode.Done)
                return refused;
        }
        if (await service.DatasetsAsync("", cancel).AnyAsync(dataset => dataset.Value.Name == Task, cancel)) return ExitCode.Done;
        var files = Files(sample);
        terminal.Say($"\n> loradrop datasets upload {Task} --train {files.Train} --validation {files.Validation}");
        var splits = new Dictionary<string, string> { ["train"] = files.Train, ["validation"] = files.Validation! };
        return await DatasetReadiness.ShowAsync(await UploadCommand.SendAsync(Task, splits, terminal, service, cancel), terminal, service,
            cancel);
    }

    private static async Task<JobView> SubmitAsync(string sample, Method method, Terminal terminal, ServiceClient service,
        CancellationToken cancel)
    {
        var file = Path.GetFullPath(Path.Combine(sample, "..", "requests", $"{Task}.json"));
        var settings = JsonNode.Parse(await File.ReadAllTextAsync(file, cancel))!.AsObject();
        (settings["model"], settings["dataset"], settings["name"]) = (Model, Task, $"{method.Title} on {Task}");
        terminal.Say($"\n> loradrop jobs submit --settings {file} --model {Model} --data {Task} --method {method.Name}");
        var job = await service.SubmitAsync(CompareCommand.Request(settings, method, seed: 42).ToJson(), cancel);
        terminal.TellJson(job.Json);
        terminal.Say($"job {job.Value.Id}");
        return job.Value;
    }

    /// <summary>Follows a job to its end, and shows its importance.</summary>
    private static async Task<int> WatchAsync(JobView job, Terminal terminal, ServiceClient service, CancellationToken cancel)
    {
        terminal.Say($"\n{job.Method.Title}, seed {job.Settings.Training.Seed}\n> loradrop jobs watch {job.Id}");
        await JobWatch.FollowAsync(job.Id, Patience, "Ctrl-C stops the demo and its service", terminal, service, cancel);
        if (JobWatch.Sum((await service.JobAsync(job.Id, cancel)).Value, terminal) is var code and not ExitCode.Done) return code;
        if (job.Settings.Sharing is null) return ExitCode.Done;
        terminal.Say($"\n> loradrop jobs importance {job.Id}");
        var importance = await service.ImportanceAsync(job.Id, "", cancel);
        terminal.TellJson(importance.Json);
        if (!terminal.Json) JobImportanceView.Write(terminal.Console, importance.Value, null);
        return ExitCode.Done;
    }

    /// <summary>Downloads all of the job's files, laid out like a local run's.</summary>
    private static async Task<ComparedRun> FetchAsync(Guid id, string sample, string folder, Terminal terminal, ServiceClient service,
        CancellationToken cancel)
    {
        var job = (await service.JobAsync(id, cancel)).Value;
        var run = Path.Combine(folder, $"{job.Method.Name}-{job.Settings.Training.Seed}");
        terminal.Say($"\n> loradrop jobs download {id} --all --out {run}");
        await DownloadCommand.FetchAsync(service, await service.ArtifactsAsync(id, cancel), run, force: true, terminal, cancel);
        var result = JsonSerializer.Deserialize<RunResult>(await File.ReadAllTextAsync(Path.Combine(run, RunFolder.ResultFile), cancel),
            JsonText.Options)!;
        var took = job.Stages.Sum(stage => (stage.FinishedAt - stage.StartedAt)?.TotalSeconds ?? 0);
        return new(job.Settings with { Model = Path.Combine(sample, "model") }, run, result, TimeSpan.FromSeconds(took));
    }

    /// <summary>What the demo shows, and what it does not, in the figures of this run.</summary>
    private static string WhatItShows(RunResult lora, RunResult dropped, SwitchedOff check)
    {
        var gap = 100 * (check.LargeOnly - check.SmallOnly);
        var behind = 100 * (lora.Scores.PrimaryValue - dropped.Scores.PrimaryValue);
        var share = 100.0 * dropped.Parameters.Adapter / lora.Parameters.Adapter;
        return string.Create(CultureInfo.InvariantCulture, $"""
            This shows the method at work, and that importance is right: with the important layers alone, the trained LoRA scores {gap:0.0}
            points more than with as many others. It does not show the paper's headline: with {share:0} % of LoRA's parameters, LoRA-drop ends
            {Math.Abs(behind):0.0} points {(behind > 0 ? "under" : "over")} it, in one run of each on a model of six layers that knows made-up
            English alone. docs/results.md has several seeds on real data and a really pre-trained model.
            """);
    }

    private static void Leave(ServiceProcess process, Terminal terminal)
    {
        process.Leave();
        terminal.Tell(new { Event = "kept", Url = ServiceAddress.Shown(process.Address), process.Id, process.Data, process.Log });
        terminal.Say($"""

            The service goes on without this terminal; what it writes goes to {process.Log}.
            Swagger UI   {process.Address}swagger
            from here    export {ServiceAddress.Variable}={ServiceAddress.Shown(process.Address)}
            process      {process.Id}; it stops with: kill {process.Id}
            its data     {process.Data}
            """);
    }

    private static DataFiles Files(string sample) => DataFiles.At(Path.Combine(sample, "data", Task));
}
