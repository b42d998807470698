using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Api;

/// <summary>Base models: register, list, look at, delete.</summary>
internal static class ModelEndpoints
{
    public static void MapModels(this IEndpointRouteBuilder routes)
    {
        var models = routes.MapGroup("/models").WithTags("Models");
        models.MapPost("", Register).WithName("registerModel").WithSummary("Register a base model.")
            .WithDescription("It is fetched where it is not here, and inspected; its status says how far that is. A job can also name a source without registering it.")
            .TakesJson(typeof(Registration), new("register-model.json", "From the hub"), new("register-model-folder.json", "A folder on this machine"))
            .Answers(202, "It is being prepared.", null, null, ("Location", "The model's own address."))
            .Refuses(ProblemKind.NotJson, ProblemKind.Invalid, ProblemKind.ModelExists, ProblemKind.TooLarge, ProblemKind.UnsupportedMediaType, ProblemKind.CrossSite, ProblemKind.StorageFull);
        InputList.Describe(models.MapGet("", List).WithName("listModels").WithSummary("List models, newest first."));
        models.MapGet("/{nameOrId}", Get).WithName("getModel").WithSummary("Look at a model.")
            .WithDescription("Its shape, the module types that `lora.targets` may name, and its files, once it is ready.")
            .Refuses(ProblemKind.ModelNotFound);
        models.MapDelete("/{nameOrId}", Delete).WithName("deleteModel").WithSummary("Delete a model.")
            .WithDescription("Its name is free again. Jobs that used it go on showing it under its former name; its files go with the last of them.")
            .Answers(204, "It is gone.")
            .Refuses(ProblemKind.ModelNotFound, ProblemKind.ModelInUse, ProblemKind.CrossSite);
    }

    private static async Task<Results<Accepted<ModelView>, ProblemHttpResult>> Register(HttpContext http, InputLife life, JobsContext db, ApiOptions options, CancellationToken cancel)
    {
        var (asked, problem) = await JsonBody.ReadAsync(http.Request, options, Registration.Parse, cancel);
        if (asked is null) return problem!;
        if ((await life.RegisterModelAsync(asked.Name, asked.Source, asked.Shared, cancel)).IsRefused(out var refusal, out var row)) return Problems.From(refusal);
        var view = ModelView.Of(await db.Models.AsNoTracking().SingleAsync(m => m.Id == row.Id, cancel));   // as every later look shows it
        http.Response.Headers.RetryAfter = "1";
        return TypedResults.Accepted(view.Href, view);
    }

    private static async Task<Results<Ok<ModelPage>, ProblemHttpResult>> List(HttpContext http, JobsContext db, Caller caller, CancellationToken cancel)
    {
        if (InputList.Read(http.Request.Query).IsRefused(out var refusal, out var list)) return Problems.From(refusal);
        var models = list.All ? db.Models.AsNoTracking().SeenBy(caller, db) : db.Models.AsNoTracking().SeenBy(caller, db).Where(m => m.Name != null);
        if (list.Before is { } before) models = models.Where(m => m.Id < before);
        var page = await models.OrderByDescending(m => m.Id).PageAsync(list.Limit, cancel);
        return TypedResults.Ok(new ModelPage([.. page.Rows.Select(ModelView.Of)], page.Next(http, m => m.Id)));
    }

    private static async Task<Results<Ok<ModelView>, ProblemHttpResult>> Get(string nameOrId, JobsContext db, Caller caller, CancellationToken cancel) =>
        await db.Models.AsNoTracking().SeenBy(caller, db).Named(nameOrId, caller).FirstOrDefaultAsync(cancel) is { } row ? TypedResults.Ok(ModelView.Of(row)) : Problems.From(new Refusal.Missing("model", nameOrId));

    private static async Task<Results<NoContent, ProblemHttpResult>> Delete(string nameOrId, InputLife life, CancellationToken cancel) =>
        await life.DeleteModelAsync(nameOrId, cancel) is { } refusal ? Problems.From(refusal) : TypedResults.NoContent();
}
