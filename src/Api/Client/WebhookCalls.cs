using System.Text.Json;
using System.Text.Json.Serialization;

namespace LoraDrop.Api.Client;

/// <summary>Calls about webhooks.</summary>
internal static class WebhookCalls
{
    private static readonly JsonSerializerOptions Given =
        new(JsonSerializerDefaults.Web) { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    public static Task<Reply<WebhookView>> AddWebhookAsync(this ServiceClient service, WebhookChange webhook, CancellationToken cancel) =>
        service.PostAsync<WebhookView>("webhooks", JsonSerializer.Serialize(webhook, Given), cancel);

    public static IAsyncEnumerable<Reply<WebhookView>> WebhooksAsync(this ServiceClient service, string query, CancellationToken cancel) =>
        service.ListAsync<WebhookView>($"webhooks{query}", "cursor", cancel);

    public static Task<Reply<WebhookView>> WebhookAsync(this ServiceClient service, Guid id, CancellationToken cancel) =>
        service.GetAsync<WebhookView>($"webhooks/{id}", cancel);

    public static Task<Reply<WebhookView>> ChangeWebhookAsync(this ServiceClient service, Guid id, WebhookChange change,
        CancellationToken cancel) =>
        service.PatchAsync<WebhookView>($"webhooks/{id}", JsonSerializer.Serialize(change, Given), cancel);

    public static Task<Reply<WebhookView>> RotateWebhookSecretAsync(this ServiceClient service, Guid id, CancellationToken cancel) =>
        service.PostAsync<WebhookView>($"webhooks/{id}/rotate-secret", cancel);

    public static Task DeleteWebhookAsync(this ServiceClient service, Guid id, CancellationToken cancel) =>
        service.DeleteAsync($"webhooks/{id}", cancel);

    public static Task<Reply<DeliveryView>> TestWebhookAsync(this ServiceClient service, Guid id, CancellationToken cancel) =>
        service.PostAsync<DeliveryView>($"webhooks/{id}/test", cancel);

    public static IAsyncEnumerable<Reply<DeliveryView>> DeliveriesAsync(this ServiceClient service, Guid id, string query,
        CancellationToken cancel) =>
        service.ListAsync<DeliveryView>($"webhooks/{id}/deliveries{query}", "cursor", cancel);

    public static Task<Reply<DeliveryView>> ReplayAsync(this ServiceClient service, Guid id, Guid delivery, CancellationToken cancel) =>
        service.PostAsync<DeliveryView>($"webhooks/{id}/deliveries/{delivery}/replay", cancel);
}
