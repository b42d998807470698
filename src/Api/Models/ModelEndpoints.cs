using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Api;

/// <summary>Endpoints for base models: register, list, get, delete.</summary>
internal static class ModelEndpoints
{
    public static void MapModels(this IEndpointRouteBuilder routes)
    {
        var models = routes.MapGroup("/models").WithTags("Models");
        models.MapPost("", Register).WithName("registerModel").WithSummary("Register a base model.")
            .WithDescription("The model is fetched and inspected in the background. Poll GET /models/{nameOrId} until its status "
            + "is `ready` or `failed`. A job can also give a source directly, without registration.")
            .TakesJson(typeof(Registration), new("register-model.json", "From the Hugging Face Hub"),
            new("register-model-folder.json", "From a folder on this machine"))
            .Answers(202, "The model is being prepared.", null, null, ("Location", "URL of the model."))
            .Refuses(ProblemKind.NotJson, ProblemKind.Invalid, ProblemKind.ModelExists, ProblemKind.TooLarge,
            ProblemKind.UnsupportedMediaType, ProblemKind.CrossSite, ProblemKind.StorageFull);
        InputList.Describe(models.MapGet("", List).WithName("listModels").WithSummary("List models."));
        models.MapGet("/{nameOrId}", Get).WithName("getModel").WithSummary("Get a model.")
            .WithDescription("Returns the model's dimensions, the module types allowed in `lora.targets`, and its files, once it is ready.")
            .Refuses(ProblemKind.ModelNotFound);
        models.MapDelete("/{nameOrId}", Delete).WithName("deleteModel").WithSummary("Delete a model.")
            .WithDescription(
            "Frees the name. Jobs that used the model still show it under its former name; its files are removed with the last of them.")
            .Answers(204, "Deleted.")
            .Refuses(ProblemKind.ModelNotFound, ProblemKind.ModelInUse, ProblemKind.CrossSite);
    }

    private static async Task<Results<Accepted<ModelView>, ProblemHttpResult>> Register(HttpContext http, InputLife life, JobsContext db,
        ApiOptions options, CancellationToken cancel)
    {
        var (asked, problem) = await JsonBody.ReadAsync(http.Request, options, Registration.Parse, cancel);
        if (asked is null) return problem!;
        if ((await life.RegisterModelAsync(asked.Name, asked.Source, asked.Shared, cancel)).IsRefused(out var refusal, out var row))
            return Problems.From(refusal);
        var view = ModelView.Of(await db.Models.AsNoTracking().SingleAsync(m => m.Id == row.Id, cancel));   // as later requests show it
        http.Response.Headers.RetryAfter = "1";
        return TypedResults.Accepted(view.Href, view);
    }

    private static async Task<Results<Ok<ModelPage>, ProblemHttpResult>> List(HttpContext http, JobsContext db, Caller caller,
        CancellationToken cancel)
    {
        if (InputList.Read(http.Request.Query).IsRefused(out var refusal, out var list)) return Problems.From(refusal);
        var models = list.All
            ? db.Models.AsNoTracking().SeenBy(caller, db)
            : db.Models.AsNoTracking().SeenBy(caller, db).Where(m => m.Name != null);
        if (list.Before is { } before) models = models.Where(m => m.Id < before);
        var page = await models.OrderByDescending(m => m.Id).PageAsync(list.Limit, cancel);
        return TypedResults.Ok(new ModelPage([.. page.Rows.Select(ModelView.Of)], page.Next(http, m => m.Id)));
    }

    private static async Task<Results<Ok<ModelView>, ProblemHttpResult>> Get(string nameOrId, JobsContext db, Caller caller,
        CancellationToken cancel) =>
        await db.Models.AsNoTracking().SeenBy(caller, db).Named(nameOrId, caller).FirstOrDefaultAsync(cancel) is { } row
            ? TypedResults.Ok(ModelView.Of(row))
            : Problems.From(new Refusal.Missing("model", nameOrId));

    private static async Task<Results<NoContent, ProblemHttpResult>> Delete(string nameOrId, InputLife life, CancellationToken cancel) =>
        await life.DeleteModelAsync(nameOrId, cancel) is { } refusal ? Problems.From(refusal) : TypedResults.NoContent();
}
