using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Api;

/// <summary>API keys: make, list, look at, revoke. For admins.</summary>
internal static class KeyEndpoints
{
    public static void MapKeys(this IEndpointRouteBuilder routes)
    {
        var keys = routes.MapGroup("/keys").WithTags("Access").Needs(Role.Admin);
        keys.MapPost("", Create).WithName("createKey").WithSummary("Make an API key.")
            .WithDescription("The answer shows the key, and nothing else ever does: only its sha256 is kept. It is sent as `Authorization: Bearer ld_…`, or by a browser as the password.")
            .TakesJson(typeof(KeyRequest), new("key.json", "For a team's scripts"), new("key-dashboard.json", "For a dashboard that shows everybody's jobs"))
            .Produces<KeyView>(StatusCodes.Status201Created)
            .Answers(201, "The key.", null, null, ("Location", "The key's own address."))
            .Refuses(ProblemKind.NotJson, ProblemKind.Invalid, ProblemKind.TooLarge, ProblemKind.UnsupportedMediaType, ProblemKind.CrossSite);
        keys.MapGet("", List).WithName("listKeys").WithSummary("List the API keys, newest first.").Refuses();
        keys.MapGet("/{key}", Get).WithName("getKey").WithSummary("Look at an API key.").Refuses(ProblemKind.KeyNotFound);
        keys.MapDelete("/{key}", Revoke).WithName("revokeKey").WithSummary("Revoke an API key.")
            .WithDescription("It is refused from now on, by other processes of the service within five seconds. It stays in the list, as the audit names it.")
            .Answers(204, "It is revoked.")
            .Refuses(ProblemKind.KeyNotFound, ProblemKind.CrossSite);
    }

    private static async Task<Results<Created<KeyView>, ProblemHttpResult>> Create(HttpContext http, ApiKeys keys, Caller caller, ApiOptions options, TimeProvider clock, CancellationToken cancel)
    {
        var (asked, problem) = await JsonBody.ReadAsync(http.Request, options, json => KeyRequest.Parse(json, clock.GetUtcNow()), cancel);
        if (asked is null) return problem!;
        var (row, key) = await keys.CreateAsync(asked, caller.Name, cancel);
        http.Response.Headers.CacheControl = "no-store";
        var view = KeyView.Of(row, key);
        return TypedResults.Created(view.Href, view);
    }

    private static async Task<Ok<KeyList>> List(JobsContext db, CancellationToken cancel) =>
        TypedResults.Ok(new KeyList([.. (await db.ApiKeys.AsNoTracking().OrderByDescending(k => k.Id).ToListAsync(cancel)).Select(row => KeyView.Of(row))]));

    private static async Task<Results<Ok<KeyView>, ProblemHttpResult>> Get(string key, ApiKeys keys, CancellationToken cancel) =>
        await keys.FindAsync(key, cancel) is { } row ? TypedResults.Ok(KeyView.Of(row)) : Problems.From(new Refusal.Missing("key", ApiKeyText.Masked(key)));

    private static async Task<Results<NoContent, ProblemHttpResult>> Revoke(string key, ApiKeys keys, KnownKeys known, CancellationToken cancel)
    {
        if ((await keys.RevokeAsync(key, cancel)).IsRefused(out var refusal, out var row)) return Problems.From(refusal);
        known.Forget(row.Prefix);
        return TypedResults.NoContent();
    }
}
