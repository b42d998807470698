using System.Text.Json;
using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Api;

/// <summary>The importance of a job as its rows have it, with what is needed to cut it again and to count what a cut trains.</summary>
internal sealed class MeasuredImportance
{
    private readonly Guid _job;
    private readonly ImportanceReport _report;
    private readonly JobRequest _settings;
    private readonly Guid? _reusedFrom;
    private readonly long? _head;
    private readonly IReadOnlyList<LinearModule>? _modules;

    private MeasuredImportance(Guid job, ImportanceReport report, JobRequest settings, IReadOnlyList<StageRow> stages, IReadOnlyList<LinearModule>? modules)
    {
        (_job, _report, _settings, _modules) = (job, report, settings, modules);
        _reusedFrom = stages.FirstOrDefault(s => s.Stage == Stage.ImportanceEvaluation)?.ReusedFrom;
        _head = stages.Select(s => s.Parameters).FirstOrDefault(p => p is not null) is { } counted ? counted.AdapterAndHead - counted.Adapter : null;
    }

    /// <summary>The importance, or why there is none.</summary>
    public static async Task<Answer<MeasuredImportance>> ReadAsync(JobsContext db, Guid id, CancellationToken cancel)
    {
        var job = await db.Jobs.AsNoTracking().Where(j => j.Id == id).Select(j => new { j.Status, j.Method, j.Settings, j.Stages, j.Model.Facts }).SingleOrDefaultAsync(cancel);
        if (job is null) return new Refusal.Missing("job", id.ToString());
        if (job.Method != TuningMethod.LoraDrop)
            return new Refusal.Conflict(ProblemKind.ImportanceNotFound.Code, $"Job {id} trains with the method {JsonText.NameOf(job.Method)}, which measures no importance. Submit it with lora-drop.");
        var summary = await db.ImportanceSummaries.AsNoTracking().SingleOrDefaultAsync(s => s.JobId == id, cancel);
        if (summary is null)
            return new Refusal.Conflict(ProblemKind.ImportanceNotReady.Code, JobMoves.IsEnd(job.Status)
                ? $"Job {id} has {JsonText.NameOf(job.Status)} before its importance was measured. Let it go on with POST /jobs/{id}/retry."
                : $"The importance of job {id} is not measured yet. Ask again in a while, or follow /jobs/{id}/events/stream.");
        var rows = await db.Importance.AsNoTracking().Where(i => i.JobId == id).ToListAsync(cancel);
        var sites = rows.OrderBy(r => r.Type, StringComparer.Ordinal).ThenBy(r => r.Layer).Select(r => new SiteImportance(r.Type, r.Layer, r.G, r.PerToken, r.I, r.Place, r.Norms));
        var report = new ImportanceReport(summary.Scope, summary.Threshold, summary.Examples, summary.Tokens, [.. sites], summary.Remarks);
        var settings = JsonSerializer.Deserialize<JobRequest>(job.Settings, JsonText.Compact)!;
        return new MeasuredImportance(id, report, settings, job.Stages, job.Facts?.Modules);
    }

    /// <summary>As the job has it.</summary>
    public ImportanceView AsMeasured() => View(_report, Own, whatIf: false);

    /// <summary>As it would be under another cut.</summary>
    public ImportanceView CutBy(Cut cut) => CutBy(cut.Over(Own));

    /// <summary>As it would be under other settings.</summary>
    public ImportanceView CutBy(SharingSettings sharing) => View(_report.CutBy(sharing, _settings.Training.Seed), sharing, whatIf: true);

    private SharingSettings Own => _settings.Sharing ?? new();

    private ImportanceView View(ImportanceReport report, SharingSettings sharing, bool whatIf) => new(
        _job, whatIf, report.Scope, sharing.Threshold, sharing.Keep, sharing.Select, sharing.Remainder, report.Examples, report.Tokens, _reusedFrom,
        [.. report.Sites.GroupBy(s => s.Type).Select(type => ModuleOf(type.Key, [.. type]))], Parameters(report.Plan()), report.Remarks);

    private static ModuleImportanceView ModuleOf(string type, IReadOnlyList<SiteImportance> sites)
    {
        var ranked = Retention.Ranked([.. sites.Select(s => s.I)]);
        var reached = 0.0;
        var layers = ranked.Select((index, place) =>
        {
            var site = sites[index];
            return new LayerImportanceView(site.Layer, site.G, site.PerToken, site.I, place + 1, reached += site.I, site.Place, site.Norms);
        }).OrderBy(layer => layer.Layer).ToList();
        return new(type, [.. sites.Where(s => s.Place == Place.Own).Select(s => s.Layer)], layers);
    }

    private TrainedParametersView? Parameters(SharingPlan plan)
    {
        var widths = _modules?.ToDictionary(m => m.Type, m => (m.In, m.Out));
        if (widths is null || _report.Sites.Any(s => !widths.ContainsKey(s.Type))) return null;
        var counts = ParameterCounts.Of(plan, type => widths[type], _settings.Lora.Rank, head: _head ?? 0);
        var lora = ParameterCounts.Of(SharingPlan.OwnEverywhere(plan.Places.Keys), type => widths[type], _settings.Lora.Rank, head: 0).Adapter;
        return new(counts.WithoutShared, counts.Adapter, _head is null ? null : counts.AdapterAndHead, lora, (double)counts.Adapter / lora);
    }
}

/// <summary>Another cut than the job's own; what is null stays as it is.</summary>
internal sealed record Cut(double? Threshold, int? Keep, Selection? Select, Remainder? Remainder)
{
    public bool ChangesNothing => this == new Cut(null, null, null, null);

    public static Answer<Cut> Read(IQueryCollection query)
    {
        var fields = new QueryFields(query);
        var cut = new Cut(fields.Number("threshold"), (int?)fields.Integer("keep", 1, int.MaxValue), fields.Choice<Selection>("select"), fields.Choice<Remainder>("remainder"));
        if (cut.Threshold is not (null or (> 0 and <= 1))) fields.Refuse("threshold", $"must lie in (0, 1]; got {cut.Threshold}");
        if (cut.Threshold is not null && cut.Keep is not null) fields.Refuse("keep", "is given instead of threshold, not beside it");
        return fields.Refusal() is { } refusal ? refusal : cut;
    }

    public SharingSettings Over(SharingSettings own) => (Threshold ?? Keep) is null
        ? own with { Select = Select ?? own.Select, Remainder = Remainder ?? own.Remainder }
        : own with { Threshold = Threshold, Keep = Keep, Select = Select ?? own.Select, Remainder = Remainder ?? own.Remainder };
}
