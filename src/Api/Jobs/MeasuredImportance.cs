using System.Text.Json;
using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Api;

/// <summary>A job's stored importance, which can be evaluated under other sharing settings.</summary>
internal sealed class MeasuredImportance
{
    private readonly Guid _job;
    private readonly ImportanceReport _report;
    private readonly JobRequest _settings;
    private readonly Guid? _reusedFrom;
    private readonly long? _head;
    private readonly ModelSummary? _model;

    private MeasuredImportance(Guid job, ImportanceReport report, JobRequest settings, IReadOnlyList<StageRow> stages,
        ModelSummary? model)
    {
        (_job, _report, _settings, _model) = (job, report, settings, model);
        _reusedFrom = stages.FirstOrDefault(s => s.Stage == Stage.ImportanceEvaluation)?.ReusedFrom;
        _head = stages.Select(s => s.Parameters).FirstOrDefault(p => p is not null) is { } counted
            ? counted.AdapterAndHead - counted.Adapter
            : null;
    }

    /// <summary>The importance, or why it is not available.</summary>
    public static async Task<Answer<MeasuredImportance>> ReadAsync(JobsContext db, Guid id, CancellationToken cancel)
    {
        var job = await db.Jobs.AsNoTracking().Where(j => j.Id == id)
            .Select(j => new { j.Status, j.Method, j.Settings, j.Stages, j.Model.Facts }).SingleOrDefaultAsync(cancel);
        if (job is null) return new Refusal.Missing("job", id.ToString());
        if (job.Stages.All(stage => stage.Stage != Stage.ImportanceEvaluation))
            return new Refusal.Conflict(ProblemKind.ImportanceNotFound.Code,
                $"Job {id} trains with the method {job.Method} on every target layer, and measures no importance. "
                + "Submit it with the method lora-drop.");
        var summary = await db.ImportanceSummaries.AsNoTracking().SingleOrDefaultAsync(s => s.JobId == id, cancel);
        if (summary is null)
            return new Refusal.Conflict(ProblemKind.ImportanceNotReady.Code, JobMoves.IsEnd(job.Status)
                ? $"Job {id} has {JsonText.NameOf(job.Status)} before its importance was measured. Continue it with "
                + $"POST /jobs/{id}/retry."
                : $"The importance of job {id} has not been measured yet. Retry later, or follow /jobs/{id}/events/stream.");
        var rows = await db.Importance.AsNoTracking().Where(i => i.JobId == id).ToListAsync(cancel);
        var sites = rows.OrderBy(r => r.Type, StringComparer.Ordinal).ThenBy(r => r.Layer)
            .Select(r => new SiteImportance(r.Type, r.Layer, r.G, r.PerToken, r.I, r.Place, r.Norms)
            {
                Energies = r.Energies, Rank = r.Rank,
            });
        var report = new ImportanceReport(summary.Scope, summary.Threshold, summary.Examples, summary.Tokens, [.. sites], summary.Remarks);
        var settings = JsonSerializer.Deserialize<JobRequest>(job.Settings, JsonText.Compact)!;
        return new MeasuredImportance(id, report, settings, job.Stages, job.Facts);
    }

    /// <summary>The importance under the job's own settings.</summary>
    public ImportanceView AsMeasured() => View(_report, Own, whatIf: false);

    /// <summary>The importance under another cut, or why it cannot be cut so.</summary>
    public Answer<ImportanceView> CutBy(Cut cut)
    {
        var sharing = cut.Over(Own);
        Fault[] faults = [.. sharing.Faults("sharing").Concat(_settings.Tuning.SharingFaults(_settings.Method.Section, sharing))
            .Select(fault => fault with { Path = fault.Path.Replace("sharing.", "", StringComparison.Ordinal) })];
        if (faults.Length > 0) return new Refusal.Invalid(faults);
        return CanBeCutBy(sharing) ? CutBy(sharing) : new Refusal.Invalid([new("granularity", SharingSettings.NoEnergies)]);
    }

    /// <summary>Whether it can be cut so: ranks only if the energies of directions were measured.</summary>
    public bool CanBeCutBy(SharingSettings sharing) => _report.CanBeCutBy(sharing);

    /// <summary>The importance under other sharing settings.</summary>
    public ImportanceView CutBy(SharingSettings sharing) => View(_report.CutBy(sharing, _settings.Training.Seed), sharing, whatIf: true);

    private SharingSettings Own => _settings.Sharing ?? new();

    private ImportanceView View(ImportanceReport report, SharingSettings sharing, bool whatIf) => new(
        _job, whatIf, report.Scope, sharing.Threshold, sharing.Keep, sharing.Granularity ?? Granularity.Layer, sharing.Select,
        sharing.Remainder, report.Examples, report.Tokens, _reusedFrom,
        [.. report.Sites.GroupBy(s => s.Type).Select(type => ModuleOf(type.Key, [.. type]))], Parameters(report.Plan()), report.Remarks);

    private static ModuleImportanceView ModuleOf(string type, IReadOnlyList<SiteImportance> sites)
    {
        var ranked = Retention.Ranked([.. sites.Select(s => s.I)]);
        var reached = 0.0;
        var layers = ranked.Select((index, place) =>
        {
            var site = sites[index];
            return new LayerImportanceView(site.Layer, site.G, site.PerToken, site.I, place + 1, reached += site.I, site.Place, site.Norms,
                site.Energies, site.Rank);
        }).OrderBy(layer => layer.Layer).ToList();
        return new(type, [.. sites.Where(s => s.Place == Place.Own).Select(s => s.Layer)], layers);
    }

    private TrainedParametersView? Parameters(SharingPlan plan)
    {
        if (_model is null || _report.Sites.Any(s => _model.Modules.All(module => module.Type != s.Type))) return null;
        var layers = LinearModule.Among(_model.Modules);
        var counts = ParameterCounts.Of(_settings.Tuning, plan, layers, _model, head: _head ?? 0);
        var lora = ParameterCounts.Of(_settings.Tuning, SharingPlan.OwnEverywhere(plan.Places.Keys), layers, _model, head: 0).Adapter;
        return new(counts.WithoutShared, counts.Adapter, _head is null ? null : counts.AdapterAndHead, lora, (double)counts.Adapter / lora);
    }
}

/// <summary>A cut that overrides the job's own settings; null keeps a setting.</summary>
internal sealed record Cut(Threshold? Threshold, int? Keep, Granularity? Granularity, Selection? Select, Remainder? Remainder)
{
    public bool IsEmpty => this == new Cut(null, null, null, null, null);

    public static Answer<Cut> Read(IQueryCollection query)
    {
        var fields = new QueryFields(query);
        var cut = new Cut(fields.Threshold("threshold"), (int?)fields.Integer("keep", 1, int.MaxValue),
            fields.Choice<Granularity>("granularity"), fields.Choice<Selection>("select"), fields.Choice<Remainder>("remainder"));
        if (cut.Threshold?.Fault is { } outside) fields.Refuse("threshold", outside);
        if (cut.Threshold is not null && cut.Keep is not null) fields.Refuse("keep", "cannot be combined with threshold: give one of them");
        return fields.Refusal() is { } refusal ? refusal : cut;
    }

    public SharingSettings Over(SharingSettings own) => (Threshold is null && Keep is null ? own : own with
    {
        Threshold = Threshold, Keep = Keep,
    }) with
    {
        Granularity = Granularity ?? own.Granularity,
        Select = Select ?? own.Select,
        Remainder = Remainder ?? own.Remainder,
    };
}
