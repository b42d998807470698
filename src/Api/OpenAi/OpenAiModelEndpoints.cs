using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Api;

/// <summary>OpenAI-compatible endpoints for registered and fine-tuned models.</summary>
internal static class OpenAiModelEndpoints
{
    /// <summary>OpenAI's list of models is not paged.</summary>
    private const int Most = 1000;

    public static void MapOpenAiModels(this IEndpointRouteBuilder v1)
    {
        v1.MapGet("/models", List).WithName("listOpenAiModels").WithSummary("List registered and fine-tuned models.")
            .WithDescription(
            $"Returns up to {Most} of each, newest first. This list is not paged; use `GET /models` and `GET /jobs` for more.").Refuses();
        v1.MapGet("/models/{**model:minlength(1)}", Get).WithName("retrieveModel").WithSummary("Get a model.")
            .Refuses(ProblemKind.ModelNotFound);
        v1.MapDelete("/models/{**model:minlength(1)}", Delete).WithName("deleteFineTunedModel").WithSummary("Delete a fine-tuned model.")
            .WithDescription("Deletes the model's job too, which can be restored for some days with `POST /jobs/{id}/restore`. "
            + "Delete registered models with `DELETE /models/{nameOrId}`.")
            .Refuses(ProblemKind.ModelNotFound, ProblemKind.Forbidden, ProblemKind.CrossSite);
    }

    private static async Task<Ok<OpenAiList<OpenAiModel>>> List(JobsContext db, Caller caller, CancellationToken cancel)
    {
        var registered = await Registered(db, caller).OrderByDescending(m => m.Id).Take(Most)
            .Select(m => new { m.Name, m.CreatedAt, m.Owner }).ToListAsync(cancel);
        var made = new List<OpenAiModel>();
        if (await new JobFilter([JobStatus.Succeeded], [], null, null, null, caller.SeesAll ? null : caller.Owner, null, Deleted: false,
            null).NewestAsync(db, Most, cancel) is { } newest)
            made = await MadeAsync(db.Jobs.Where(j => newest.Contains(j.Id)), cancel);
        OpenAiModel[] models =
            [.. registered.Select(m => new OpenAiModel(m.Name!, "model", FineTuningReading.Seconds(m.CreatedAt),
                FineTuningReading.OwnerOf(m.Owner))), .. made];
        return TypedResults.Ok(OpenAiList<OpenAiModel>.Of(new Page<OpenAiModel>(models, HasMore: false), model => model.Id));
    }

    private static async Task<Results<Ok<OpenAiModel>, ProblemHttpResult>> Get(string model, JobsContext db, Caller caller,
        CancellationToken cancel)
    {
        model = Unescaped(model);
        if (FineTunedModel.JobOf(model) is { } job)
            return (await MadeAsync(Succeeded(db, caller, job), cancel)).SingleOrDefault(made => made.Id == model) is { } found
                ? TypedResults.Ok(found)
                : Missing(model);
        var row = await Registered(db, caller).Named(model, caller).Where(m => m.Name == model)
            .Select(m => new { m.Name, m.CreatedAt, m.Owner }).FirstOrDefaultAsync(cancel);
        return row is null ? Missing(model) : TypedResults.Ok(new OpenAiModel(row.Name!, "model", FineTuningReading.Seconds(row.CreatedAt),
            FineTuningReading.OwnerOf(row.Owner)));
    }

    private static async Task<Results<Ok<OpenAiDeleted>, ProblemHttpResult>> Delete(string model, JobsContext db, JobLife life,
        Caller caller, CancellationToken cancel)
    {
        model = Unescaped(model);
        if (FineTunedModel.JobOf(model) is { } job
            && (await MadeAsync(Succeeded(db, caller, job), cancel)).Exists(made => made.Id == model))
            return await life.DeleteAsync(job, cancel) is { } refusal
                ? Problems.From(refusal)
                : TypedResults.Ok(new OpenAiDeleted(model, "model", Deleted: true));
        return await Registered(db, caller).AnyAsync(m => m.Name == model, cancel)
            ? Problems.From(
            new Refusal.Denied($"{model} is a registered model, not a fine-tuned one. Delete it with DELETE /models/{model}."))
            : Missing(model);
    }

    private static IQueryable<ModelRow> Registered(JobsContext db, Caller caller) =>
        db.Models.AsNoTracking().SeenBy(caller, db).Where(m => m.Name != null && m.Status != InputStatus.Failed);

    private static IQueryable<JobRow> Succeeded(JobsContext db, Caller caller, Guid job) =>
        db.Jobs.SeenBy(caller).Where(j => j.Id == job && j.Status == JobStatus.Succeeded);

    private static async Task<List<OpenAiModel>> MadeAsync(IQueryable<JobRow> jobs, CancellationToken cancel)
    {
        var found = await jobs.AsNoTracking().OrderByDescending(j => j.Id)
            .Select(j => new { j.Id, j.Name, j.Owner, j.FinishedAt, j.CreatedAt, Model = j.Model.Name ?? j.Model.FormerName
            ?? j.Model.Source }).ToListAsync(cancel);
        return [.. found.Select(j => new OpenAiModel(FineTunedModel.NameOf(j.Id, j.Model, j.Name, j.Owner), "model",
            FineTuningReading.Seconds(j.FinishedAt ?? j.CreatedAt), FineTuningReading.OwnerOf(j.Owner)))];
    }

    /// <summary>Decodes %2F, which routing leaves escaped: sources contain slashes.</summary>
    private static string Unescaped(string model) => model.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);

    private static ProblemHttpResult Missing(string model) =>
        Problems.Of(ProblemKind.ModelNotFound, $"Model {PlainText.Shown(model)} not found.");
}
