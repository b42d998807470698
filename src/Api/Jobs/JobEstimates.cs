using System.Globalization;
using System.Text.Json;
using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Api;

/// <summary>Estimates a job's parameters, memory, time and queue position.</summary>
internal sealed class JobEstimates(JobsContext db, JobLife life, LiveWorkers living, QueueOrder order, Caller caller, TimeProvider clock)
{
    private const double GiB = 1L << 30;

    /// <summary>The settings that determine the amount of work.</summary>
    private static readonly string[] SizeSettings = ["task", "importance", "training"];

    private static readonly Guid Last = new("ffffffff-ffff-ffff-ffff-ffffffffffff");

    public async Task<EstimateView> OfAsync(JobDraft draft, CancellationToken cancel)
    {
        var validated = await life.ValidateAsync(draft, cancel);
        db.ChangeTracker.Clear(); // discard a model or dataset that validation added
        var (request, model, dataset, _) = validated;
        var (modelFacts, data) = (draft.IsValid(draft.Request.Method.Section) ? model?.Facts : null, dataset?.Facts);
        var sized = data is not null && SizeSettings.All(draft.IsValid);
        var work = sized ? WorkEstimate.Of(request, data!) : [];
        var need = modelFacts is not null && sized ? MemoryEstimate.OfJob(request, modelFacts, data) : 0;
        var workers = (await living.AllAsync(cancel)).Select(worker => (Row: worker, Fit: FitOf(worker, request, need))).ToList();
        var devices = workers.Where(worker => worker.Fit.Fits).Select(worker => worker.Row.DeviceName).ToHashSet();
        var past = model is null ? null : await PastStages.ReadAsync(db, caller, model, cancel);
        var stages = work.Select(each => StageOf(each, request, modelFacts, data!, dataset!, past, devices)).ToList();
        var waits = new[] { ("model", model?.Status), ("dataset", dataset?.Status) }.Where(input => input.Item2 == InputStatus.Preparing)
            .Select(input => input.Item1).ToList();
        return new(validated.Faults, waits.Count > 0 ? waits : null, request,
            await ParametersAsync(draft, modelFacts, model, dataset, cancel),
            stages,
            stages.Count > 0 && stages.TrueForAll(stage => stage.Seconds is not null) ? stages.Sum(stage => stage.Seconds) : null,
            await QueueAsync(request, workers, past, cancel), [.. workers.Select(worker => worker.Fit)]);
    }

    private static StageEstimate StageOf(StageWork work, JobRequest request, ModelSummary? model, DatasetSummary data, DatasetRow dataset,
        PastStages? past, HashSet<string> devices)
    {
        if (model is null || past is null)
            return new(work.Stage, work.Examples, work.Steps, null, null, null, null,
                $"the model is not ready yet, or the {request.Method.Section} settings have faults");
        var train = data.Splits.First(split => split.Split == SplitSummary.Train);
        var (pass, from) = past.PassTokens(request, work, dataset)
            ?? ((long)(WorkEstimate.TokensOfText(request, model, train) * work.Examples),
            "estimated from the file size at 4 characters per token");
        var tokens = (long)Math.Round(pass * work.Passes);
        var (seconds, how) = past.SecondsFor(tokens, work, request, model, devices);
        return new(work.Stage, work.Examples, work.Steps, tokens, from, InGiB(MemoryEstimate.OfStage(request, model, data, work.Examples)),
            seconds, how);
    }

    private async Task<ParameterEstimate?> ParametersAsync(JobDraft draft, ModelSummary? facts, ModelRow? model, DatasetRow? dataset,
        CancellationToken cancel)
    {
        if (facts is null || !draft.IsValid("sharing") || ParameterRange.Of(draft.Request, facts) is not { } range) return null;
        var kept = draft.Request.Sharing is { } sharing && dataset is not null
            ? await KeptAsync(draft.Request, sharing, model!, dataset, cancel)
            : null;
        return new(facts.Parameters, range.Lora, range.Least, range.Most, kept);
    }

    /// <summary>Applies the sharing settings to the newest importance measured with the same model, data and LoRA, or to that of the job
    /// given by importance.from.</summary>
    private async Task<KeptEstimate?> KeptAsync(JobRequest request, SharingSettings sharing, ModelRow model, DatasetRow dataset,
        CancellationToken cancel)
    {
        var measured = db.Jobs.AsNoTracking().SeenBy(caller).Where(j => db.ImportanceSummaries.Any(s => s.JobId == j.Id));
        measured = Guid.TryParse(request.Importance?.From, out var from)
            ? measured.Where(j => j.Id == from)
            : measured.Where(j => j.ModelId == model.Id && j.DatasetId == dataset.Id);
        var found = await measured.OrderByDescending(j => j.Id).Select(j => new { j.Id, j.Settings }).Take(20).ToListAsync(cancel);
        foreach (var job in found)
        {
            var settings = JsonSerializer.Deserialize<JobRequest>(job.Settings, JsonText.Compact)!;
            if (!SameBranches(settings, request)) continue;
            if ((await MeasuredImportance.ReadAsync(db, job.Id, cancel)).IsRefused(out _, out var importance)) continue;
            if (!importance.CanBeCutBy(sharing)) continue;
            var view = importance.CutBy(sharing);
            if (view.Parameters is { } parameters)
                return new(job.Id, view.Modules.ToDictionary(module => module.Type, module => module.Kept), parameters.Adapter,
                    parameters.WithoutShared);
        }
        return null;
    }

    /// <summary>Whether both put branches of the same sizes on the same layers, so that the importance of one tells about the
    /// other.</summary>
    private static bool SameBranches(JobRequest one, JobRequest other) =>
        one.Method.Section == other.Method.Section && one.Tuning.Layers.ToHashSet().SetEquals(other.Tuning.Layers)
        && one.Tuning.Sizes.SequenceEqual(other.Tuning.Sizes);

    private async Task<QueueEstimate> QueueAsync(JobRequest request, List<(WorkerRow Row, WorkerFit Fit)> workers, PastStages? past,
        CancellationToken cancel)
    {
        var first = request.Stages[0];
        var position = await order.PositionAsync(new(request.Priority, first, clock.GetUtcNow(), Last), cancel);
        var slots = workers.Where(worker => worker.Fit.Fits).Sum(worker => worker.Row.Slots);
        if (slots == 0) return new(position, null, workers.Count == 0 ? "no worker is running" : "no running worker could take it");
        var running = await db.Stages.AsNoTracking().Where(s => s.Status == JobStatus.Running).Select(s => s.SecondsLeft)
            .ToListAsync(cancel);
        if (running.Count + position <= slots) return new(position, 0, "a worker is free");
        if (past?.TypicalSeconds is not { } usual) return new(position, null, "no stage has finished yet to estimate from");
        var ahead = running.Sum(left => left ?? usual) + (position - 1) * usual;
        return new(position, Math.Round(ahead / slots, 1),
            string.Create(CultureInfo.InvariantCulture,
            $"{running.Count} running and {position - 1} queued stages at a typical {usual:0.#} s, on {slots} "
            + $"{(slots == 1 ? "slot" : "slots")}"));
    }

    private static WorkerFit FitOf(WorkerRow worker, JobRequest request, long need)
    {
        var why = worker.Stopping ? "it is stopping"
            : request.Worker.Labels.FirstOrDefault(label =>
            worker.Labels.GetValueOrDefault(label.Key) != label.Value) is { Key: { } name } label
                ? $"it lacks the label {name}={label.Value}"
            : worker.Memory < request.Worker.MemoryBytes ? "it has less memory than worker.memoryGiB requires"
            : worker.Device == "cpu" && worker.Memory < need
            ? string.Create(CultureInfo.InvariantCulture, $"it has less than the required {InGiB(need)} GiB of memory")
            : null;
        return new(worker.Id, worker.DeviceName, InGiB(worker.Memory), why is null, why);
    }

    private static double InGiB(long bytes) => Math.Round(bytes / GiB, 2);
}
