using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Api;

/// <summary>Endpoints for webhooks and their deliveries.</summary>
internal static class WebhookEndpoints
{
    public static void MapWebhooks(this IEndpointRouteBuilder routes)
    {
        var webhooks = routes.MapGroup("/webhooks").WithTags("Webhooks");
        webhooks.MapPost("", Add).WithName("addWebhook").WithSummary("Create a webhook.")
            .WithDescription("Each event is sent as a POST signed according to the Standard Webhooks specification, and retried "
            + "for three days until the receiver responds with 2xx. The secret is shown only in this response.")
            .TakesJson(typeof(WebhookRequest), new("add-webhook.json", "Ended jobs"), new("add-webhook-all.json", "All events"))
            .Answers(201, "The webhook was created; events are sent from now on.", "webhook-added.json", null,
            ("Location", "URL of the webhook."))
            .Refuses(ProblemKind.NotJson, ProblemKind.Invalid, ProblemKind.Forbidden, ProblemKind.TooManyWebhooks, ProblemKind.TooLarge,
            ProblemKind.UnsupportedMediaType, ProblemKind.CrossSite, ProblemKind.StorageFull);
        Paged(webhooks.MapGet("", List).WithName("listWebhooks").WithSummary("List webhooks."));
        webhooks.MapGet("/{webhook:guid}", Get).WithName("getWebhook").WithSummary("Get a webhook.").Refuses(ProblemKind.WebhookNotFound);
        webhooks.MapPatch("/{webhook:guid}", Change).WithName("changeWebhook").WithSummary("Update a webhook.")
            .TakesJson(typeof(WebhookChange), new DescribedExample("enable-webhook.json", "Enable a disabled webhook"))
            .Answers(200, "The updated webhook.")
            .Refuses(ProblemKind.WebhookNotFound, ProblemKind.NotJson, ProblemKind.Invalid, ProblemKind.Forbidden, ProblemKind.TooLarge,
            ProblemKind.UnsupportedMediaType, ProblemKind.CrossSite, ProblemKind.StorageFull);
        webhooks.MapDelete("/{webhook:guid}", Delete).WithName("deleteWebhook").WithSummary("Delete a webhook and its deliveries.")
            .Answers(204, "Deleted.")
            .Refuses(ProblemKind.WebhookNotFound, ProblemKind.CrossSite);
        webhooks.MapPost("/{webhook:guid}/rotate-secret", Rotate).WithName("rotateWebhookSecret").WithSummary("Rotate a webhook's secret.")
            .WithDescription("For 24 hours, deliveries are signed with both the old and the new secret, so that the receiver can "
            + "switch without losing events. The new secret is shown only in this response.")
            .Answers(200, "The webhook with its new secret.", "webhook-added.json")
            .Refuses(ProblemKind.WebhookNotFound, ProblemKind.CrossSite, ProblemKind.StorageFull);
        webhooks.MapPost("/{webhook:guid}/test", Test).WithName("testWebhook").WithSummary("Send a test delivery.")
            .WithDescription("Sends one signed message of type `webhook.test`, even if the webhook is disabled. Waits up to 15 "
            + "seconds for the receiver's response.")
            .Answers(200, "The test was sent; see `status` and `last` for the outcome.", "delivery.json")
            .Refuses(ProblemKind.WebhookNotFound, ProblemKind.TooManyRequests, ProblemKind.CrossSite, ProblemKind.StorageFull);
        Paged(webhooks.MapGet("/{webhook:guid}/deliveries", ListDeliveries).WithName("listDeliveries")
            .WithSummary("List deliveries of a webhook.")
            .Takes("status", "Return only deliveries with one of these statuses.", Description.ListOf(Description.Choice<DeliveryStatus>()))
            .Refuses(ProblemKind.WebhookNotFound));
        webhooks.MapGet("/{webhook:guid}/deliveries/{delivery:guid}", GetDelivery).WithName("getDelivery")
            .WithSummary("Get a delivery with its payload and attempts.")
            .Answers(200, "The delivery.", "delivery.json")
            .Refuses(ProblemKind.WebhookNotFound, ProblemKind.DeliveryNotFound);
        webhooks.MapPost("/{webhook:guid}/deliveries/{delivery:guid}/replay", Replay).WithName("replayDelivery")
            .WithSummary("Replay a delivery.")
            .WithDescription("Sends the delivery again immediately with the same id, whatever its status, and restarts its "
            + "retries. A delivery in flight is not affected.")
            .Answers(202, "The delivery was scheduled; get it for the outcome.", "delivery.json", null,
            ("Location", "URL of the delivery."), ("Retry-After", "Seconds to wait before polling."))
            .Refuses(ProblemKind.WebhookNotFound, ProblemKind.DeliveryNotFound, ProblemKind.WebhookDisabled, ProblemKind.CrossSite);
    }

    private static RouteHandlerBuilder Paged(RouteHandlerBuilder list) => list
        .Takes("limit", "Maximum number of items to return.", Description.Integer(1, 100, 20))
        .Takes("cursor", "The `next` value of the previous page.", Description.Text())
        .Answers(200, "A page of the list.", null, null, ("Link", "URL of the next page (rel=next); absent on the last page."))
        .Refuses(ProblemKind.Invalid);

    private static async Task<Results<Created<WebhookView>, ProblemHttpResult>> Add(HttpContext http, WebhookLife life, ApiOptions options,
        TimeProvider clock, CancellationToken cancel)
    {
        var (settings, problem) = await JsonBody.ReadAsync(http.Request, options, WebhookSettings.Parse, cancel);
        if (settings is null) return problem!;
        if ((await life.AddAsync(settings, ReservedId.Of(http), cancel)).IsRefused(out var refusal, out var row))
            return Problems.From(refusal);
        http.Response.Headers.CacheControl = "no-store"; // the secret
        var view = WebhookView.Of(row, clock.GetUtcNow(), secret: true);
        return TypedResults.Created(view.Href, view);
    }

    private static async Task<Results<Ok<WebhookPage>, ProblemHttpResult>> List(HttpContext http, WebhookLife life, TimeProvider clock,
        CancellationToken cancel)
    {
        var fields = new QueryFields(http.Request.Query);
        var (limit, before) = (LimitOf(fields), Cursor.Read(fields));
        if (fields.Refusal() is { } refusal) return Problems.From(refusal);
        var seen = life.Seen.AsNoTracking();
        if (before is { } last) seen = seen.Where(w => w.Id < last);
        var page = await seen.OrderByDescending(w => w.Id).PageAsync(limit, cancel);
        return TypedResults.Ok(new WebhookPage([.. page.Rows.Select(row => WebhookView.Of(row, clock.GetUtcNow()))],
            page.Next(http, row => row.Id)));
    }

    private static async Task<Results<Ok<WebhookView>, ProblemHttpResult>> Get(Guid webhook, WebhookLife life, TimeProvider clock,
        CancellationToken cancel) =>
        await FindAsync(life, webhook, cancel) is { } row
            ? TypedResults.Ok(WebhookView.Of(row, clock.GetUtcNow()))
            : Problems.From(WebhookLife.Missing(webhook));

    private static async Task<Results<Ok<WebhookView>, ProblemHttpResult>> Change(Guid webhook, HttpContext http, WebhookLife life,
        ApiOptions options, TimeProvider clock, CancellationToken cancel)
    {
        var (settings, problem) = await JsonBody.ReadAsync(http.Request, options, WebhookSettings.ParseChange, cancel);
        if (settings is null) return problem!;
        return (await life.ChangeAsync(webhook, settings, cancel)).IsRefused(out var refusal, out var row)
            ? Problems.From(refusal)
            : TypedResults.Ok(WebhookView.Of(row, clock.GetUtcNow()));
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> Delete(Guid webhook, WebhookLife life, CancellationToken cancel) =>
        await life.DeleteAsync(webhook, cancel) is { } refusal ? Problems.From(refusal) : TypedResults.NoContent();

    private static async Task<Results<Ok<WebhookView>, ProblemHttpResult>> Rotate(Guid webhook, HttpContext http, WebhookLife life,
        TimeProvider clock, CancellationToken cancel)
    {
        if ((await life.RotateAsync(webhook, cancel)).IsRefused(out var refusal, out var row)) return Problems.From(refusal);
        http.Response.Headers.CacheControl = "no-store"; // the secret
        return TypedResults.Ok(WebhookView.Of(row, clock.GetUtcNow(), secret: true));
    }

    private static async Task<Results<Ok<DeliveryView>, ProblemHttpResult>> Test(Guid webhook, WebhookLife life,
        WebhookDispatcher dispatcher, JobsContext db, CancellationToken cancel)
    {
        if (await FindAsync(life, webhook, cancel) is not { } row) return Problems.From(WebhookLife.Missing(webhook));
        if ((await dispatcher.TestAsync(row, cancel)).IsRefused(out var refusal, out var tested)) return Problems.From(refusal);
        return await DeliveryAsync(db, webhook, tested.Id, cancel) is { } sent
            ? TypedResults.Ok(DeliveryView.Of(sent, whole: true))
            : Problems.From(WebhookLife.Missing(webhook)); // deleted in the meantime
    }

    private static async Task<Results<Ok<DeliveryPage>, ProblemHttpResult>> ListDeliveries(Guid webhook, HttpContext http, WebhookLife life,
        JobsContext db, CancellationToken cancel)
    {
        var fields = new QueryFields(http.Request.Query);
        var (statuses, limit, before) = (fields.Choices<DeliveryStatus>("status"), LimitOf(fields), Cursor.Read(fields));
        if (fields.Refusal() is { } refusal) return Problems.From(refusal);
        if (await FindAsync(life, webhook, cancel) is null) return Problems.From(WebhookLife.Missing(webhook));
        var sent = db.Deliveries.AsNoTracking().Where(d => d.WebhookId == webhook);
        if (statuses.Count > 0) sent = sent.Where(d => statuses.Contains(d.Status));
        if (before is { } last) sent = sent.Where(d => d.Id < last);
        var page = await sent.Include(d => d.Log).OrderByDescending(d => d.Id).PageAsync(limit, cancel);
        return TypedResults.Ok(new DeliveryPage([.. page.Rows.Select(row => DeliveryView.Of(row, whole: false))],
            page.Next(http, row => row.Id)));
    }

    private static async Task<Results<Ok<DeliveryView>, ProblemHttpResult>> GetDelivery(Guid webhook, Guid delivery, WebhookLife life,
        JobsContext db, CancellationToken cancel)
    {
        if (await FindAsync(life, webhook, cancel) is null) return Problems.From(WebhookLife.Missing(webhook));
        return await DeliveryAsync(db, webhook, delivery, cancel) is { } row
            ? TypedResults.Ok(DeliveryView.Of(row, whole: true))
            : Problems.From(new Refusal.Missing("delivery", delivery.ToString()));
    }

    private static async Task<Results<Accepted<DeliveryView>, ProblemHttpResult>> Replay(Guid webhook, Guid delivery, HttpContext http,
        WebhookLife life, CancellationToken cancel)
    {
        if ((await life.ReplayAsync(webhook, delivery, cancel)).IsRefused(out var refusal, out var row)) return Problems.From(refusal);
        http.Response.Headers.RetryAfter = "1";
        var view = DeliveryView.Of(row, whole: true);
        return TypedResults.Accepted(view.Href, view);
    }

    private static Task<WebhookRow?> FindAsync(WebhookLife life, Guid id, CancellationToken cancel) =>
        life.Seen.AsNoTracking().SingleOrDefaultAsync(w => w.Id == id, cancel);

    private static Task<DeliveryRow?> DeliveryAsync(JobsContext db, Guid webhook, Guid delivery, CancellationToken cancel) =>
        db.Deliveries.AsNoTracking().Include(d => d.Log).SingleOrDefaultAsync(d => d.Id == delivery && d.WebhookId == webhook, cancel);

    private static int LimitOf(QueryFields fields) => (int)(fields.Integer("limit", 1, 100) ?? 20);
}
