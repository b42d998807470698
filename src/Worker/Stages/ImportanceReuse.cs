using System.Text.Json;
using LoraDrop.Domain;
using LoraDrop.Figures;
using LoraDrop.Storage;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Worker;

/// <summary>Reuses measured importance: of the job in importance.from, or of one with identical inputs and settings.</summary>
internal sealed class ImportanceReuse(IDbContextFactory<JobsContext> contexts, StageOutputs outputs, StageInputs inputs)
{
    /// <summary>The stage's outcome with this job's own T, without evaluation; null if it must be measured.</summary>
    /// <exception cref="RefusedInputException">The job in importance.from was deleted.</exception>
    public async Task<StageOutcome?> FindAsync(StageLease lease, JobRow job, string key, string folder, CancellationToken cancel)
    {
        var request = job.Request;
        if (await SourceAsync(job, key, cancel) is not { } from) return null;
        // its files are kept while it can be restored
        if (request.Importance!.From is not null && await IsDeletedAsync(from, cancel)) return Gone(request, from);
        try
        {
            if (await inputs.ArtifactAsync(from, RunFolder.ImportanceFile, folder, cancel) is not { } known) return Gone(request, from);
            var measured = LoraDropRun.ReadImportance(known);
            if (request.Importance!.From is null && !measured.CanBeCutBy(request.Sharing!))
                return null; // of an earlier version: measured again
            var report = measured.CutBy(request.Sharing!, request.Training.Seed);
            var fresh = Path.Combine(folder, "reused");
            Directory.CreateDirectory(fresh);
            WholeFile.WriteText(Path.Combine(fresh, RunFolder.ImportanceFile), JsonSerializer.Serialize(report, JsonText.Options));
            WholeFile.WriteText(Path.Combine(fresh, RunFolder.ImportanceChartFile), ImportanceReportFigure.Draw(report).Svg);
            if (await inputs.ArtifactAsync(from, RunFolder.Stage1AdapterFile, folder, cancel) is { } adapter)
                File.Move(adapter, Path.Combine(fresh, RunFolder.Stage1AdapterFile), overwrite: true);
            var files = await outputs.StoreFolderAsync(fresh, StageOutputs.Prefix(lease), _ => true, cancel);
            return new(files, report, request.Importance.From is null ? key : null, from);
        }
        catch (FileNotFoundException)
        {
            return Gone(request, from); // deleted in the meantime
        }
    }

    /// <summary>Importance found automatically is measured again; importance requested by the user is not replaced.</summary>
    private static StageOutcome? Gone(JobRequest request, Guid from) => request.Importance!.From is null ? null
        : throw new RefusedInputException("importance.from",
        $"job {from} was deleted with its importance after this job was submitted. Submit the job again "
        + "without importance.from to measure it");

    private async Task<bool> IsDeletedAsync(Guid job, CancellationToken cancel)
    {
        await using var db = await contexts.CreateDbContextAsync(cancel);
        return await db.Jobs.AnyAsync(j => j.Id == job && j.DeletedAt != null, cancel);
    }

    private async Task<Guid?> SourceAsync(JobRow job, string key, CancellationToken cancel)
    {
        if (job.Request.Importance!.From is { } named) return Guid.Parse(named);
        await using var db = await contexts.CreateDbContextAsync(cancel);
        return await db.Stages.Where(s => s.ContentKey == key && s.Status == JobStatus.Succeeded
            && db.Jobs.Any(j => j.Id == s.JobId && j.Owner == job.Owner && j.DeletedAt == null)).OrderBy(s => s.FinishedAt).Select(s =>
            (Guid?)s.JobId).FirstOrDefaultAsync(cancel);
    }
}
