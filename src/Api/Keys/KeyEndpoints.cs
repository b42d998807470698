using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Api;

/// <summary>Endpoints for API keys: create, list, get, revoke. For admins.</summary>
internal static class KeyEndpoints
{
    public static void MapKeys(this IEndpointRouteBuilder routes)
    {
        var keys = routes.MapGroup("/keys").WithTags("Access").Requires(Role.Admin);
        keys.MapPost("", Create).WithName("createKey").WithSummary("Create an API key.")
            .WithDescription("The key is shown only in this response; the service stores just its SHA-256 digest. Send it as "
            + "`Authorization: Bearer ld_…`, or as the password in a browser. Requires the role admin.")
            .TakesJson(typeof(KeyRequest), new("key.json", "A key for a team's scripts"),
            new("key-dashboard.json", "A key for a dashboard of all owners' jobs"))
            .Produces<KeyView>(StatusCodes.Status201Created)
            .Answers(201, "The key was created.", null, null, ("Location", "URL of the key."))
            .Refuses(ProblemKind.NotJson, ProblemKind.Invalid, ProblemKind.TooLarge, ProblemKind.UnsupportedMediaType,
            ProblemKind.CrossSite);
        keys.MapGet("", List).WithName("listKeys").WithSummary("List API keys.").Refuses();
        keys.MapGet("/{key}", Get).WithName("getKey").WithSummary("Get an API key.").Refuses(ProblemKind.KeyNotFound);
        keys.MapDelete("/{key}", Revoke).WithName("revokeKey").WithSummary("Revoke an API key.")
            .WithDescription("The key is rejected from now on; other processes of the service follow within five seconds. It "
            + "remains in the list, since audit entries refer to it.")
            .Answers(204, "Revoked.")
            .Refuses(ProblemKind.KeyNotFound, ProblemKind.CrossSite);
    }

    private static async Task<Results<Created<KeyView>, ProblemHttpResult>> Create(HttpContext http, ApiKeys keys, Caller caller,
        ApiOptions options, TimeProvider clock, CancellationToken cancel)
    {
        var (asked, problem) = await JsonBody.ReadAsync(http.Request, options, json => KeyRequest.Parse(json, clock.GetUtcNow()), cancel);
        if (asked is null) return problem!;
        var (row, key) = await keys.CreateAsync(asked, caller.Name, cancel);
        http.Response.Headers.CacheControl = "no-store";
        var view = KeyView.Of(row, key);
        return TypedResults.Created(view.Href, view);
    }

    private static async Task<Ok<KeyList>> List(JobsContext db, CancellationToken cancel) =>
        TypedResults.Ok(
            new KeyList(
            [.. (await db.ApiKeys.AsNoTracking().OrderByDescending(k => k.Id).ToListAsync(cancel)).Select(row => KeyView.Of(row))]));

    private static async Task<Results<Ok<KeyView>, ProblemHttpResult>> Get(string key, ApiKeys keys, CancellationToken cancel) =>
        await keys.FindAsync(key, cancel) is { } row
            ? TypedResults.Ok(KeyView.Of(row))
            : Problems.From(new Refusal.Missing("key", ApiKeyText.Masked(key)));

    private static async Task<Results<NoContent, ProblemHttpResult>> Revoke(string key, ApiKeys keys, KnownKeys known,
        CancellationToken cancel)
    {
        if ((await keys.RevokeAsync(key, cancel)).IsRefused(out var refusal, out var row)) return Problems.From(refusal);
        known.Forget(row.Prefix);
        return TypedResults.NoContent();
    }
}
