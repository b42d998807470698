using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Api;

/// <summary>OpenAI-compatible endpoints for the same jobs.</summary>
internal static class FineTuningEndpoints
{
    private const string Id = "fine_tuning_job_id";

    public static void MapFineTuning(this IEndpointRouteBuilder v1)
    {
        var jobs = v1.MapGroup("/fine_tuning/jobs");
        jobs.MapPost("", Create).WithName("createFineTuningJob").WithSummary("Create a fine-tuning job.")
            .WithDescription("Accepts OpenAI's `hyperparameters` or this service's own settings: `method: {type: \"lora-drop\", "
            + "lora_drop: {sharing: {threshold: 0.9}, importance: {sampleRatio: 0.1}, …}}`. "
                + "The job also appears in `GET /jobs`. Files are validated after creation; if they have faults, the "
                + "job fails with `error.param` and the line.")
            .TakesJson(typeof(FineTuningBody), new("openai-supervised.json", "OpenAI's format"),
            new("openai-lora-drop.json", "LoRA-drop settings"))
            .Refuses(ProblemKind.NotJson, ProblemKind.Invalid, ProblemKind.TooLarge, ProblemKind.UnsupportedMediaType,
            ProblemKind.CrossSite, ProblemKind.QuotaExceeded, ProblemKind.StorageFull);
        jobs.MapGet("", List).WithName("listFineTuningJobs").WithSummary("List jobs.")
            .Takes("limit", "Maximum number of items to return.", Description.Integer(1, 100, 20))
            .Takes("after", "The last id of the previous page.", Description.Text())
            .Takes("metadata[name]", "Return only jobs with this metadata: `metadata[team]=search`. If repeated, all must match.",
            Description.Text())
            .Refuses(ProblemKind.Invalid);
        jobs.MapGet($"/{{{Id}}}", Get).WithName("retrieveFineTuningJob").WithSummary("Get a job.").Refuses(ProblemKind.JobNotFound);
        jobs.MapPost($"/{{{Id}}}/cancel", Cancel).WithName("cancelFineTuningJob").WithSummary("Cancel a job.")
            .Refuses(ProblemKind.JobNotFound, ProblemKind.JobEnded, ProblemKind.CrossSite);
        jobs.MapPost($"/{{{Id}}}/pause", Pause).WithName("pauseFineTuningJob").WithSummary("Pause a job.")
            .Refuses(ProblemKind.JobNotFound, ProblemKind.JobEnded, ProblemKind.JobCancelling, ProblemKind.CrossSite);
        jobs.MapPost($"/{{{Id}}}/resume", Resume).WithName("resumeFineTuningJob").WithSummary("Resume a paused job.")
            .Refuses(ProblemKind.JobNotFound, ProblemKind.JobNotPaused, ProblemKind.CrossSite);
        jobs.MapGet($"/{{{Id}}}/events", Events).WithName("listFineTuningEvents").WithSummary("List events of a job.")
            .Takes("limit", "Maximum number of items to return.", Description.Integer(1, 1000, 20))
            .Takes("after", "The last id of the previous page.", Description.Text())
            .Refuses(ProblemKind.JobNotFound, ProblemKind.Invalid);
        jobs.MapGet($"/{{{Id}}}/checkpoints", Checkpoints).WithName("listFineTuningCheckpoints").WithSummary("List checkpoints of a job.")
            .Takes("limit", "Maximum number of items to return.", Description.Integer(1, 1000, 10))
            .Takes("after", "The last id of the previous page.", Description.Text())
            .Refuses(ProblemKind.JobNotFound, ProblemKind.Invalid);
    }

    private static async Task<Results<Ok<FineTuningJob>, ProblemHttpResult>> Create(HttpContext http, JobLife life, JobsContext db,
        Caller caller, ApiOptions options, TimeProvider clock, CancellationToken cancel)
    {
        var (asked, problem) = await JsonBody.ReadAsync(http.Request, options, FineTuningRequest.Read, cancel);
        if (asked is null) return problem!;
        var model = asked.Draft.Request.Model;
        var facts = await db.Models.AsNoTracking().SeenBy(caller, db).Named(model, caller).Where(m => m.Name == model).Select(m => m.Facts)
            .FirstOrDefaultAsync(cancel);
        if (facts is { Generates: true }) asked = asked.ForGeneration();
        if ((await life.SubmitAsync(asked.Draft, ReservedId.Of(http), cancel)).IsRefused(out var refusal, out var job))
            return Problems.From(asked.Translated(refusal));
        http.Features.Set(new CreatedLocation($"/v1/fine_tuning/jobs/{OpenAiIds.OfJob(job.Id)}"));
        return await AnsweredAsync(db, job.Id, caller, clock, cancel);
    }

    private static async Task<Results<Ok<OpenAiList<FineTuningJob>>, ProblemHttpResult>> List(HttpContext http, JobsContext db,
        Caller caller, TimeProvider clock, CancellationToken cancel)
    {
        if (FineTuningJobList.Read(http.Request.Query, caller).IsRefused(out var refusal, out var list)) return Problems.From(refusal);
        IReadOnlyList<FineTuningJob> found = await list.Filter.NewestAsync(db, list.Page.Limit + 1, cancel) is { } newest
            ? await FineTuningReading.JobsAsync(db, db.Jobs.Where(j => newest.Contains(j.Id)), clock.GetUtcNow(), cancel)
            : [];
        return TypedResults.Ok(OpenAiList<FineTuningJob>.Of(Page.Of(found, list.Page.Limit), job => job.Id));
    }

    private static async Task<Results<Ok<FineTuningJob>, ProblemHttpResult>> Get([FromRoute(Name = Id)] string id, JobsContext db,
        Caller caller, TimeProvider clock, CancellationToken cancel) =>
        OpenAiIds.Job(id) is { } job ? await AnsweredAsync(db, job, caller, clock, cancel) : Missing(id);

    private static Task<Results<Ok<FineTuningJob>, ProblemHttpResult>> Cancel([FromRoute(Name = Id)] string id, JobLife life,
        JobsContext db, Caller caller, TimeProvider clock, CancellationToken cancel) =>
        ChangedAsync(id, life.CancelAsync, db, caller, clock, cancel);

    private static Task<Results<Ok<FineTuningJob>, ProblemHttpResult>> Pause([FromRoute(Name = Id)] string id, JobLife life, JobsContext db,
        Caller caller, TimeProvider clock, CancellationToken cancel) =>
        ChangedAsync(id, life.PauseAsync, db, caller, clock, cancel);

    private static Task<Results<Ok<FineTuningJob>, ProblemHttpResult>> Resume([FromRoute(Name = Id)] string id, JobLife life,
        JobsContext db, Caller caller, TimeProvider clock, CancellationToken cancel) =>
        ChangedAsync(id, life.ResumeAsync, db, caller, clock, cancel);

    private static async Task<Results<Ok<OpenAiList<FineTuningEvent>>, ProblemHttpResult>> Events([FromRoute(Name = Id)] string id,
        HttpContext http, JobsContext db, Caller caller, CancellationToken cancel)
    {
        var fields = new QueryFields(http.Request.Query);
        var page = OpenAiPage.Read(fields, 20, 1000);
        var before = page.Place(fields, OpenAiIds.Event);
        if (fields.Refusal() is { } refusal) return Problems.From(refusal);
        if (OpenAiIds.Job(id) is not { } job || !await db.Jobs.SeenBy(caller).AnyAsync(j => j.Id == job, cancel)) return Missing(id);
        return TypedResults.Ok(OpenAiList<FineTuningEvent>.Of(await FineTuningReading.EventsAsync(db, job, before, page.Limit, cancel),
            happened => happened.Id));
    }

    private static async Task<Results<Ok<OpenAiList<FineTuningCheckpoint>>, ProblemHttpResult>> Checkpoints(
        [FromRoute(Name = Id)] string id, HttpContext http, JobsContext db, Caller caller, CancellationToken cancel)
    {
        var fields = new QueryFields(http.Request.Query);
        var page = OpenAiPage.Read(fields, 10, 1000);
        var job = OpenAiIds.Job(id) ?? Guid.Empty;
        var before = page.Place(fields, text => OpenAiIds.CheckpointStep(text, job));
        if (await db.Jobs.SeenBy(caller).Where(j => j.Id == job)
            .Select(j => new { j.Id, j.Name, j.Owner, Model = j.Model.Name ?? j.Model.FormerName ?? j.Model.Source })
            .SingleOrDefaultAsync(cancel) is not { } row)
            return Missing(id);
        if (fields.Refusal() is { } refusal) return Problems.From(refusal);
        var checkpoints = await FineTuningReading.CheckpointsAsync(db, job, FineTunedModel.NameOf(row.Id, row.Model, row.Name, row.Owner),
            before, page.Limit, cancel);
        return TypedResults.Ok(OpenAiList<FineTuningCheckpoint>.Of(checkpoints, checkpoint => checkpoint.Id));
    }

    private static async Task<Results<Ok<FineTuningJob>, ProblemHttpResult>> ChangedAsync(string id,
        Func<Guid, CancellationToken, Task<Answer<JobRow>>> change, JobsContext db, Caller caller, TimeProvider clock,
        CancellationToken cancel)
    {
        if (OpenAiIds.Job(id) is not { } job) return Missing(id);
        return (await change(job, cancel)).Refusal switch
        {
            null => await AnsweredAsync(db, job, caller, clock, cancel),
            Refusal.Missing => Missing(id),
            var refusal => Problems.From(refusal with { Message = refusal.Message.Replace(job.ToString(), id, StringComparison.Ordinal) }),
        };
    }

    /// <summary>The job in its current state.</summary>
    private static async Task<Results<Ok<FineTuningJob>, ProblemHttpResult>> AnsweredAsync(JobsContext db, Guid job, Caller caller,
        TimeProvider clock, CancellationToken cancel) =>
        await FineTuningReading.JobsAsync(db, db.Jobs.SeenBy(caller).Where(j => j.Id == job), clock.GetUtcNow(), cancel) is [var view]
            ? TypedResults.Ok(view)
            : Missing(OpenAiIds.OfJob(job));

    private static ProblemHttpResult Missing(string id) =>
        Problems.Of(ProblemKind.JobNotFound, $"Fine-tuning job {PlainText.Shown(id)} not found.");
}
