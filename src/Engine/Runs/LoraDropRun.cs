using System.Text.Json;
using LoraDrop.Domain;
using LoraDrop.Figures;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Runs;

/// <summary>A complete run: LoRA-drop in two stages, or ordinary LoRA in one. All outputs are in its folder.</summary>
public sealed class LoraDropRun : IDisposable
{
    private readonly JobRequest _request;
    private readonly RunInputs _inputs;
    private readonly RunFolder _folder;
    private readonly Action<RunEvent> _report;
    private readonly TaskData _data;
    private readonly FrozenModel _model;
    private readonly IReadOnlyList<AdapterSite> _sites;
    private readonly ImportanceReport? _measured;
    private readonly Adapter? _continued;

    /// <summary>Reads model and data and locks the folder; all faults of the inputs are reported here, before any training.</summary>
    /// <param name="request">The settings; its names of model, data and importance are not used as paths.</param>
    /// <param name="inputs">The paths of model, data and importance.</param>
    /// <param name="folder">The output folder.</param>
    /// <param name="device">Where to compute.</param>
    /// <param name="report">Called with every event, on the calling thread.</param>
    /// <param name="kept">What earlier runs of this process have read, and what later ones find; null: nothing is kept. Must live until
    /// the run is disposed.</param>
    /// <exception cref="RefusedInputException">An input cannot be used.</exception>
    public LoraDropRun(JobRequest request, RunInputs inputs, string folder, Device device, Action<RunEvent> report, KeptInputs? kept = null)
    {
        using var phase = RunPhases.Begin(RunPhases.Load);
        (_request, _inputs, _report) = (request, inputs, report);
        var config = ModelConfig.Read(inputs.Model);
        var summary = ModelInspection.Of(inputs.Model, config);
        var section = request.Method.Section;
        if (request.Tuning.FitFaults(section, [.. summary.EveryModule]).Concat(request.Tuning.ModelFaults(section, summary)).ToArray()
            is { Length: > 0 } faults)
            throw new RefusedInputException(faults);
        config = config with { TokensBefore = request.Tuning.TokensBefore };
        TaskData Read() =>
            TaskData.Read(inputs.Data, request.Task, inputs.Model, config, request.Training.MaxLength, request.Training.Seed);
        var content = kept is null ? null : ContentOf(inputs);
        _data = kept is null ? Read() : kept.Data(content!, request, config, Read);
        Task = request.Task with { Labels = _data.Labels };
        MemoryNeed.Check(config, _data.Train.Lengths, request.Training, request.Tuning, device, summary, kept?.AtHand() ?? 0);
        _model = _data.Open(inputs.Model, request.Training.Seed, device, request.Training.Weights,
            kept?.Weights(content!, request, device));
        _model.Backbone.Recomputes = request.Training.Checkpointing == true;
        try
        {
            _sites = [.. AdapterSites.Find(_model, request.Tuning.Layers, $"{request.Method.Section}.targets")
                .Where(site => request.Tuning.IsPlacedOn(site.Site.Layer))];
            AdapterSites.CheckFit(_sites, request.Tuning);
            if (request.Sharing is { WarmStart: true } && inputs.Importance is not null) CheckWarmStart();
            if (inputs.InitialAdapter is { } given && !File.Exists(Path.Combine(folder, RunFolder.CheckpointFile)))
            {
                (_continued, var remark) = new InitialAdapter(given, _model, _sites, request, Task).Place();
                report(new RunEvent.Remark(remark));
            }
            _measured = inputs.Importance is { } from && !File.Exists(Path.Combine(folder, RunFolder.ImportanceFile))
                ? ImportanceOf(from)
                : null;
            _folder = RunFolder.Take(folder, Identity(request, content ?? ContentOf(inputs)));
        }
        catch
        {
            _continued?.Dispose();
            _model.Dispose();
            throw;
        }
        foreach (var remark in _data.Remarks.Append(_model.Remark).OfType<string>()) report(new RunEvent.Remark(remark));
        report(new RunEvent.Planned(Planned()));
    }

    /// <summary>The task, with the class names from the training file.</summary>
    public TaskSettings Task { get; }

    private SharingPlan OwnEverywhere => SharingPlan.OwnEverywhere(_sites.Select(s => s.Site));

    private string BaseModel => _inputs.BaseModel ?? _inputs.Model;

    /// <summary>Runs stage 1 and stage 2, then writes the output files.</summary>
    /// <exception cref="OperationCanceledException">The run was stopped; the same call later continues from there.</exception>
    public RunResult Run(CancellationToken cancel)
    {
        // stage 1: measure the contribution of each LoRA
        var importance = _request.Sharing is null ? null : Importance(cancel);
        var plan = importance?.Plan() ?? OwnEverywhere;
        using var adapter = _continued ?? AdapterBy(plan);
        if (_request.Sharing is { WarmStart: true }) WarmStart(adapter);
        var job = new TrainingJob(Stage.TaskAdaptation, _model, adapter, _data.Train, _data.Validation, Task, _request.Training,
            Stage2Steps);
        var progress = Train(job, cancel);                                                          // stage 2: fine-tune on all data
        var result = ResultOf(adapter, progress, cancel);                                           // and score the result
        Write(adapter, importance, result);
        return result;
    }

    /// <summary>Runs stage 1 only: ordinary LoRA on the sample, the importance pass, and the resulting plan.</summary>
    public ImportanceReport Importance(CancellationToken cancel)
    {
        if (File.Exists(_folder.ImportanceJson))
        {
            var known = ReadImportance(_folder.ImportanceJson);
            _report(new RunEvent.ImportanceMeasured(known));
            return known;
        }
        var report = _measured is { } measured
            ? measured.CutBy(_request.Sharing!, _request.Training.Seed)
            : Measure(_request.Importance!, cancel);
        WholeFile.WriteText(_folder.ImportanceChart, ImportanceReportFigure.Draw(report).Svg);
        // written last: its presence means that stage 1 is complete
        WholeFile.WriteText(_folder.ImportanceJson, JsonSerializer.Serialize(report, JsonText.Options));
        _report(new RunEvent.ImportanceMeasured(report));
        return report;
    }

    /// <summary>The result of this same run if a folder holds it finished, or null.</summary>
    /// <exception cref="RefusedInputException">The folder holds another run.</exception>
    public static RunResult? FinishedIn(string folder, JobRequest request, RunInputs inputs) =>
        RunFolder.ResultIn(folder, Identity(request, ContentOf(inputs)));

    /// <summary>Reads a run's importance.json.</summary>
    /// <exception cref="RefusedInputException">It is missing or not valid.</exception>
    public static ImportanceReport ReadImportance(string path)
    {
        if (Directory.Exists(path)) path = Path.Combine(path, RunFolder.ImportanceFile);
        if (!File.Exists(path)) throw new RefusedInputException(path, "file not found; it must be importance.json of a run");
        try
        {
            return JsonSerializer.Deserialize<ImportanceReport>(File.ReadAllText(path), JsonText.Options) is { Sites: not null } report
                && report.Sites.All(s => s is { Type: not null }) ? report : throw new JsonException("it names no layers");
        }
        catch (JsonException malformed)
        {
            throw new RefusedInputException(path, $"is not the importance of a run ({malformed.Message})");
        }
    }

    public void Dispose()
    {
        _continued?.Dispose();
        _folder.Dispose();
        _model.Dispose();
    }

    private int Stage2Steps
    {
        get
        {
            var steps = _request.Training.StepsIn(_data.Train.Count, _request.Training.Epochs);
            return Math.Min(steps, _request.Training.MaxSteps ?? steps);
        }
    }

    /// <summary>The optimiser steps of unfinished stages.</summary>
    private Dictionary<Stage, int> Planned()
    {
        var steps = new Dictionary<Stage, int>();
        if (_request.Sharing is not null && _measured is null && !File.Exists(_folder.ImportanceJson))
            steps[Stage.ImportanceEvaluation] =
                Stage1Steps(_request.Importance!, _data.Sample(_request.Importance!.SampleRatio, _request.Training.Seed).Length);
        steps[Stage.TaskAdaptation] = Stage2Steps;
        return steps;
    }

    private Adapter AdapterBy(SharingPlan plan) =>
        new(_model, _sites, plan, _request.Tuning, trainHead: _model.TrainedHead.Count > 0, _request.Training.Seed);

    private int Stage1Steps(ImportanceSettings settings, int examples) =>
        settings.Steps ?? _request.Training.StepsIn(examples, settings.Epochs!.Value);

    private ImportanceReport Measure(ImportanceSettings settings, CancellationToken cancel)
    {
        var sample = _data.Train.Subset(_data.Sample(settings.SampleRatio, _request.Training.Seed));
        using var adapter = AdapterBy(OwnEverywhere);
        var steps = Stage1Steps(settings, sample.Count);
        Train(new(Stage.ImportanceEvaluation, _model, adapter, sample, null, Task, _request.Training, steps), cancel);
        using var phase = RunPhases.Begin(RunPhases.Importance);
        var byRank = _request.Sharing!.IsByRank;
        var norms = ImportancePass.Over(_model, _sites, sample, _request.Training.BatchSize, cancel, sort: byRank);
        CompactAdapter.Write(_folder.Stage1Adapter, adapter, sorted: byRank);
        if (norms.FirstOrDefault(n => !double.IsFinite(n.G)) is { } lost)
            throw new DivergedException(Stage.ImportanceEvaluation, steps, $"the LoRA of {lost.Site} puts out ‖ΔWx‖² = {lost.G}");
        var I = Domain.Importance.Of(norms.ToDictionary(n => n.Site, n => n.G), settings.Scope);
        return ImportanceReport.From(norms, I, settings.Scope, _request.Sharing!, _request.Training.Seed);
    }

    /// <summary>The importance measured by another run on the same layers.</summary>
    private ImportanceReport ImportanceOf(string from)
    {
        var report = ReadImportance(from);
        return report.Importance().Keys.ToHashSet().SetEquals(_sites.Select(s => s.Site)) ? report
            : throw new RefusedInputException("importance.from",
                $"{from} is about other layers than {_request.Method.Section}.targets names here");
    }

    /// <summary>Refuses a warm start from a run without an adapter, or with other layers, rank or classes.</summary>
    private void CheckWarmStart()
    {
        if (_inputs.Stage1Adapter is not { } path)
            throw new RefusedInputException("sharing.warmStart", "needs a stage 1 in this run; with importance.from there is none");
        if (_request.Sharing!.IsByRank && !CompactAdapter.IsSorted(path))
            throw new RefusedInputException("sharing.warmStart", "needs a stage 1 that was measured with the granularity rank, which sorts "
                + "the ranks of each LoRA; measure it again, or leave warmStart out");
        using var everywhere = AdapterBy(OwnEverywhere);
        using var file = SafeTensorsFile.Open(path);
        using var scope = NewDisposeScope();
        everywhere.Load(file.Names.ToDictionary(name => name, name => file.Read(name)), path);
    }

    /// <summary>Own pairs and the head continue from stage 1; shared pairs, which stage 1 does not have, are initialised.</summary>
    private void WarmStart(Adapter adapter)
    {
        using var file = SafeTensorsFile.Open(_inputs.Importance is null ? _folder.Stage1Adapter : _inputs.Stage1Adapter!);
        adapter.LoadFrom(file);
    }

    private TrainingProgress Train(TrainingJob job, CancellationToken cancel)
    {
        var resume = File.Exists(_folder.Checkpoint) && Checkpoint.ProgressOf(_folder.Checkpoint) is var saved && saved.Stage == job.Stage
            ? saved.Step
            : (int?)null;
        using var events = new TensorBoardEvents(_folder.Events(job.Stage), TimeProvider.System, resume);
        return TrainingLoop.Run(job, _folder.Checkpoint, happened =>
        {
            Record(events, happened);
            _report(happened);
        }, cancel);
    }

    private static void Record(TensorBoardEvents events, RunEvent happened)
    {
        switch (happened)
        {
            case RunEvent.StepDone step:
                events.Scalar("train/loss", step.Step, step.Loss);
                events.Scalar("train/learning_rate", step.Step, step.LearningRate);
                events.Scalar("train/gradient_norm", step.Step, step.GradientNorm);
                events.Scalar("train/tokens_per_second", step.Step, step.TokensPerSecond);
                break;
            case RunEvent.Evaluated evaluated:
                foreach (var (metric, value) in evaluated.Scores) events.Scalar($"validation/{metric}", evaluated.Step, value);
                events.Flush();
                break;
        }
    }

    private RunResult ResultOf(Adapter adapter, TrainingProgress progress, CancellationToken cancel)
    {
        var best = progress.Best!;
        using var phase = _data.Test is null ? null : RunPhases.Begin(RunPhases.Evaluate);
        var test = _data.Test is { } set ? Evaluation.ScoresOf(_model, set, Task, _request.Training.BatchSize, cancel).Scores : null;
        if (test?.Undefined is { } why) _report(new RunEvent.Remark($"{test.Primary} is undefined on the test split: {why}."));
        var generated = _data is PromptedData { Asked.Count: > 0 } prompted ? ScoreAnswers(prompted, cancel) : null;
        var everywhere = adapter.CountsOf(OwnEverywhere);
        var kept = adapter.Plan.Own.GroupBy(site => site.Type)
            .ToDictionary(type => type.Key, type => (IReadOnlyList<int>)[.. type.Select(site => site.Layer)]);
        return new(_request.Method, _request.Training.Seed, adapter.Counts, everywhere.Adapter, kept, best.Step, best.Scores, test,
            progress.History) { Generated = generated, SwitchedOff = Switched(adapter, cancel), Outputs = Outputs(cancel) };
    }

    private IReadOnlyList<SiteOutputs>? Outputs(CancellationToken cancel) => _request.Importance is { After: true } settings
        ? SiteOutputs.Of(ImportancePass.Over(_model, _sites, _data.Train.Subset(_data.Sample(settings.SampleRatio, _request.Training.Seed)),
            _request.Training.BatchSize, cancel))
        : null;

    private SwitchedOff? Switched(Adapter adapter, CancellationToken cancel) => _request.SwitchOff is { } settings
        ? SwitchOff.Of(_model, adapter.Sites, _data.Train, _data.Validation, Task, _request.Training.BatchSize,
            (_, I) => Retention.Count(I, settings.Threshold), cancel)
        : null;

    /// <summary>Generates answers to the prompts of the test split, or else of the validation split, and scores them.</summary>
    private GeneratedScores ScoreAnswers(PromptedData data, CancellationToken cancel)
    {
        _report(new RunEvent.Remark($"Answering {data.Asked.Count} prompts of the {data.AskedFrom} split."));
        var answers = Answers.Of((LanguageModel)_model, data.Encoder, data.Asked, Task.Decoding!, _request.Training.Seed, cancel);
        if (answers.Remark is { } remark) _report(new RunEvent.Remark(remark));
        WholeFile.WriteText(_folder.Answers, answers.ToJsonLines());
        return new(data.AskedFrom, data.Asked.Count, answers.ScoresBy(Task.Metric));
    }

    /// <summary>Writes the adapter folder, then result.json, whose presence means that the run is complete.</summary>
    private void Write(Adapter adapter, ImportanceReport? importance, RunResult result)
    {
        using var phase = RunPhases.Begin(RunPhases.Save);
        RunFolder.WriteWhole(_folder.Adapter, folder =>
        {
            if (_request.Method.HasPeftFormat) PeftAdapter.Write(folder, _model, adapter, _request.Tuning.Layers, BaseModel);
            CompactAdapter.Write(Path.Combine(folder, CompactAdapter.FileName), adapter);
            WholeFile.WriteText(Path.Combine(folder, AdapterTask.FileName),
                JsonSerializer.Serialize(new AdapterTask(BaseModel, Task, _request.Training.MaxLength, _request.Training.Weights),
                JsonText.Options));
            WholeFile.WriteText(Path.Combine(folder, "README.md"), ModelCard.Markdown(Card(importance, result)));
        });
        WholeFile.WriteText(_folder.Result, JsonSerializer.Serialize(result, JsonText.Options));
    }

    private ModelCardContent Card(ImportanceReport? importance, RunResult result)
    {
        return new(_inputs.BaseModel ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(_inputs.Model)),
            _request.Method, _model is LanguageModel
            ? CardTask.TextGeneration
            : CardTask.SequenceClassification,
            _data.Labels ?? [], JsonDocument.Parse(_request.ToRunJson()).RootElement, _data.Files, importance, result.Parameters,
            result.Scores.Values, result.Scores.Primary, result.Seed);
    }

    private static RunIdentity Identity(JobRequest request, IReadOnlyList<RunFile> content) =>
        new(JsonDocument.Parse(request.ToRunJson()).RootElement, content);

    /// <summary>The files of data and model, with their digests; that of a missing file is empty, and reading it refuses it.</summary>
    private static List<RunFile> ContentOf(RunInputs inputs)
    {
        var read = new List<RunFile>();
        foreach (var (use, path) in new[] { ("train", inputs.Data.Train), ("validation", inputs.Data.Validation),
            ("test", inputs.Data.Test) })
            if (path is not null) read.Add(new(use, Path.GetFileName(path), File.Exists(path) ? RunFolder.Sha256(path) : ""));
        foreach (var path in Directory.EnumerateFiles(inputs.Model)
            .Where(f => Path.GetExtension(f) is ".safetensors" or ".json" or ".txt" or ".model" or ".jinja").Order(StringComparer.Ordinal))
            read.Add(new(RunFile.OfModel, Path.GetFileName(path), RunFolder.Sha256(path)));
        foreach (var name in ChatTemplate.MoreFiles.Where(name => File.Exists(Path.Combine(inputs.Model, name))))
            read.Add(new(RunFile.OfModel, name, RunFolder.Sha256(Path.Combine(inputs.Model, name))));
        return read;
    }
}
