using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Api;

/// <summary>Webhooks: add, list, look at, change, delete, rotate the secret, test; and what was sent.</summary>
internal static class WebhookEndpoints
{
    public static void MapWebhooks(this IEndpointRouteBuilder routes)
    {
        var webhooks = routes.MapGroup("/webhooks").WithTags("Webhooks");
        webhooks.MapPost("", Add).WithName("addWebhook").WithSummary("Be told what happens to jobs.")
            .WithDescription("Each event is sent as a POST that is signed after the Standard Webhooks specification, and sent again for three days until it is answered with 2xx. The secret is shown here and never again.")
            .TakesJson(typeof(WebhookRequest), new("add-webhook.json", "Ends of jobs"), new("add-webhook-all.json", "Everything"))
            .Answers(201, "It is added; from now on events are sent.", "webhook-added.json", null, ("Location", "The webhook's own address."))
            .Refuses(ProblemKind.NotJson, ProblemKind.Invalid, ProblemKind.Forbidden, ProblemKind.TooManyWebhooks, ProblemKind.TooLarge, ProblemKind.UnsupportedMediaType, ProblemKind.CrossSite, ProblemKind.StorageFull);
        Paged(webhooks.MapGet("", List).WithName("listWebhooks").WithSummary("List webhooks, newest first."));
        webhooks.MapGet("/{webhook:guid}", Get).WithName("getWebhook").WithSummary("Look at a webhook.").Refuses(ProblemKind.WebhookNotFound);
        webhooks.MapPatch("/{webhook:guid}", Change).WithName("changeWebhook").WithSummary("Change a webhook, enable or disable it.")
            .TakesJson(typeof(WebhookChange), new DescribedExample("enable-webhook.json", "Let one go on that was disabled"))
            .Answers(200, "It is changed.")
            .Refuses(ProblemKind.WebhookNotFound, ProblemKind.NotJson, ProblemKind.Invalid, ProblemKind.Forbidden, ProblemKind.TooLarge, ProblemKind.UnsupportedMediaType, ProblemKind.CrossSite, ProblemKind.StorageFull);
        webhooks.MapDelete("/{webhook:guid}", Delete).WithName("deleteWebhook").WithSummary("Delete a webhook, with what was sent to it.")
            .Answers(204, "It is gone.")
            .Refuses(ProblemKind.WebhookNotFound, ProblemKind.CrossSite);
        webhooks.MapPost("/{webhook:guid}/rotate-secret", Rotate).WithName("rotateWebhookSecret").WithSummary("Make a new secret.")
            .WithDescription("For 24 hours deliveries carry two signatures, one with the new secret and one with the one before, so that the receiver can change over in its own time. The secret is shown here and never again.")
            .Answers(200, "The webhook with its new secret.", "webhook-added.json")
            .Refuses(ProblemKind.WebhookNotFound, ProblemKind.CrossSite, ProblemKind.StorageFull);
        webhooks.MapPost("/{webhook:guid}/test", Test).WithName("testWebhook").WithSummary("Send a test now, and tell how it went.")
            .WithDescription("A message of the type `webhook.test` is sent once, signed like all others, whether the webhook is enabled or not. The answer comes when the receiver has answered, or after 15 seconds.")
            .Answers(200, "It was sent; `status` and `last` say how that went.", "delivery.json")
            .Refuses(ProblemKind.WebhookNotFound, ProblemKind.TooManyRequests, ProblemKind.CrossSite, ProblemKind.StorageFull);
        Paged(webhooks.MapGet("/{webhook:guid}/deliveries", ListDeliveries).WithName("listDeliveries").WithSummary("List what was sent to a webhook, newest first.")
            .Takes("status", "Only deliveries in one of these states.", Description.Many(Description.Choice<DeliveryStatus>()))
            .Refuses(ProblemKind.WebhookNotFound));
        webhooks.MapGet("/{webhook:guid}/deliveries/{delivery:guid}", GetDelivery).WithName("getDelivery").WithSummary("Look at a delivery: what was sent, and how each attempt went.")
            .Answers(200, "The delivery.", "delivery.json")
            .Refuses(ProblemKind.WebhookNotFound, ProblemKind.DeliveryNotFound);
        webhooks.MapPost("/{webhook:guid}/deliveries/{delivery:guid}/replay", Replay).WithName("replayDelivery").WithSummary("Send a delivery again.")
            .WithDescription("At once and from the start, under the same id, whatever became of it. One that is on its way in this moment is left alone.")
            .Answers(202, "It is to be sent; its own page says how that went.", "delivery.json", null, ("Location", "The delivery's own address."), ("Retry-After", "Seconds until a look is worth while."))
            .Refuses(ProblemKind.WebhookNotFound, ProblemKind.DeliveryNotFound, ProblemKind.WebhookDisabled, ProblemKind.CrossSite);
    }

    private static RouteHandlerBuilder Paged(RouteHandlerBuilder list) => list
        .Takes("limit", "At most so many.", Description.Whole(1, 100, 20))
        .Takes("cursor", "What the last answer gave as `next`.", Description.Text())
        .Answers(200, "A part of the list.", null, null, ("Link", "Where the list goes on, rel=next."))
        .Refuses(ProblemKind.Invalid);

    private static async Task<Results<Created<WebhookView>, ProblemHttpResult>> Add(HttpContext http, WebhookLife life, ApiOptions options, TimeProvider clock, CancellationToken cancel)
    {
        var (wish, problem) = await JsonBody.ReadAsync(http.Request, options, WebhookWish.Parse, cancel);
        if (wish is null) return problem!;
        if ((await life.AddAsync(wish, MadeUnderId.Of(http), cancel)).IsRefused(out var refusal, out var row)) return Problems.From(refusal);
        http.Response.Headers.CacheControl = "no-store"; // the secret
        var view = WebhookView.Of(row, clock.GetUtcNow(), secret: true);
        return TypedResults.Created(view.Href, view);
    }

    private static async Task<Results<Ok<WebhookPage>, ProblemHttpResult>> List(HttpContext http, WebhookLife life, TimeProvider clock, CancellationToken cancel)
    {
        var fields = new QueryFields(http.Request.Query);
        var (limit, before) = (LimitOf(fields), Cursor.Read(fields));
        if (fields.Refusal() is { } refusal) return Problems.From(refusal);
        var seen = life.Seen.AsNoTracking();
        if (before is { } last) seen = seen.Where(w => w.Id < last);
        var page = await seen.OrderByDescending(w => w.Id).PageAsync(limit, cancel);
        return TypedResults.Ok(new WebhookPage([.. page.Rows.Select(row => WebhookView.Of(row, clock.GetUtcNow()))], page.Next(http, row => row.Id)));
    }

    private static async Task<Results<Ok<WebhookView>, ProblemHttpResult>> Get(Guid webhook, WebhookLife life, TimeProvider clock, CancellationToken cancel) =>
        await FindAsync(life, webhook, cancel) is { } row ? TypedResults.Ok(WebhookView.Of(row, clock.GetUtcNow())) : Problems.From(WebhookLife.Missing(webhook));

    private static async Task<Results<Ok<WebhookView>, ProblemHttpResult>> Change(Guid webhook, HttpContext http, WebhookLife life, ApiOptions options, TimeProvider clock, CancellationToken cancel)
    {
        var (wish, problem) = await JsonBody.ReadAsync(http.Request, options, WebhookWish.ParseChange, cancel);
        if (wish is null) return problem!;
        return (await life.ChangeAsync(webhook, wish, cancel)).IsRefused(out var refusal, out var row) ? Problems.From(refusal) : TypedResults.Ok(WebhookView.Of(row, clock.GetUtcNow()));
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> Delete(Guid webhook, WebhookLife life, CancellationToken cancel) =>
        await life.DeleteAsync(webhook, cancel) is { } refusal ? Problems.From(refusal) : TypedResults.NoContent();

    private static async Task<Results<Ok<WebhookView>, ProblemHttpResult>> Rotate(Guid webhook, HttpContext http, WebhookLife life, TimeProvider clock, CancellationToken cancel)
    {
        if ((await life.RotateAsync(webhook, cancel)).IsRefused(out var refusal, out var row)) return Problems.From(refusal);
        http.Response.Headers.CacheControl = "no-store"; // the secret
        return TypedResults.Ok(WebhookView.Of(row, clock.GetUtcNow(), secret: true));
    }

    private static async Task<Results<Ok<DeliveryView>, ProblemHttpResult>> Test(Guid webhook, WebhookLife life, WebhookDispatcher dispatcher, JobsContext db, CancellationToken cancel)
    {
        if (await FindAsync(life, webhook, cancel) is not { } row) return Problems.From(WebhookLife.Missing(webhook));
        if ((await dispatcher.TestAsync(row, cancel)).IsRefused(out var refusal, out var tested)) return Problems.From(refusal);
        return await DeliveryAsync(db, webhook, tested.Id, cancel) is { } sent ? TypedResults.Ok(DeliveryView.Of(sent, whole: true)) : Problems.From(WebhookLife.Missing(webhook)); // deleted in this moment
    }

    private static async Task<Results<Ok<DeliveryPage>, ProblemHttpResult>> ListDeliveries(Guid webhook, HttpContext http, WebhookLife life, JobsContext db, CancellationToken cancel)
    {
        var fields = new QueryFields(http.Request.Query);
        var (statuses, limit, before) = (fields.Choices<DeliveryStatus>("status"), LimitOf(fields), Cursor.Read(fields));
        if (fields.Refusal() is { } refusal) return Problems.From(refusal);
        if (await FindAsync(life, webhook, cancel) is null) return Problems.From(WebhookLife.Missing(webhook));
        var sent = db.Deliveries.AsNoTracking().Where(d => d.WebhookId == webhook);
        if (statuses.Count > 0) sent = sent.Where(d => statuses.Contains(d.Status));
        if (before is { } last) sent = sent.Where(d => d.Id < last);
        var page = await sent.Include(d => d.Log).OrderByDescending(d => d.Id).PageAsync(limit, cancel);
        return TypedResults.Ok(new DeliveryPage([.. page.Rows.Select(row => DeliveryView.Of(row, whole: false))], page.Next(http, row => row.Id)));
    }

    private static async Task<Results<Ok<DeliveryView>, ProblemHttpResult>> GetDelivery(Guid webhook, Guid delivery, WebhookLife life, JobsContext db, CancellationToken cancel)
    {
        if (await FindAsync(life, webhook, cancel) is null) return Problems.From(WebhookLife.Missing(webhook));
        return await DeliveryAsync(db, webhook, delivery, cancel) is { } row ? TypedResults.Ok(DeliveryView.Of(row, whole: true)) : Problems.From(new Refusal.Missing("delivery", delivery.ToString()));
    }

    private static async Task<Results<Accepted<DeliveryView>, ProblemHttpResult>> Replay(Guid webhook, Guid delivery, HttpContext http, WebhookLife life, CancellationToken cancel)
    {
        if ((await life.ReplayAsync(webhook, delivery, cancel)).IsRefused(out var refusal, out var row)) return Problems.From(refusal);
        http.Response.Headers.RetryAfter = "1";
        var view = DeliveryView.Of(row, whole: true);
        return TypedResults.Accepted(view.Href, view);
    }

    private static Task<WebhookRow?> FindAsync(WebhookLife life, Guid id, CancellationToken cancel) => life.Seen.AsNoTracking().SingleOrDefaultAsync(w => w.Id == id, cancel);

    private static Task<DeliveryRow?> DeliveryAsync(JobsContext db, Guid webhook, Guid delivery, CancellationToken cancel) =>
        db.Deliveries.AsNoTracking().Include(d => d.Log).SingleOrDefaultAsync(d => d.Id == delivery && d.WebhookId == webhook, cancel);

    private static int LimitOf(QueryFields fields) => (int)(fields.Integer("limit", 1, 100) ?? 20);
}
