using System.Text.Json;
using LoraDrop.Domain;

namespace LoraDrop.Api.Client;

/// <summary>Calls about models and the service itself.</summary>
internal static class ModelCalls
{
    public static Task<Reply<ModelView>> AddModelAsync(this ServiceClient service, string name, string source, CancellationToken cancel) =>
        service.PostAsync<ModelView>("models", JsonSerializer.Serialize(new Registration(name, source), JsonText.Compact), cancel);

    public static Task<Reply<ModelView>> ModelAsync(this ServiceClient service, string nameOrId, CancellationToken cancel) =>
        service.GetAsync<ModelView>($"models/{Uri.EscapeDataString(nameOrId)}", cancel);

    public static IAsyncEnumerable<Reply<ModelView>> ModelsAsync(this ServiceClient service, string query, CancellationToken cancel) =>
        service.ListAsync<ModelView>($"models{query}", "cursor", cancel);

    public static Task DeleteModelAsync(this ServiceClient service, string nameOrId, CancellationToken cancel) =>
        service.DeleteAsync($"models/{Uri.EscapeDataString(nameOrId)}", cancel);

    public static IAsyncEnumerable<Reply<WorkerView>> WorkersAsync(this ServiceClient service, CancellationToken cancel) =>
        service.ListAsync<WorkerView>("workers", "cursor", cancel);

    public static IAsyncEnumerable<Reply<TaskPreset>> PresetsAsync(this ServiceClient service, CancellationToken cancel) =>
        service.ListAsync<TaskPreset>("presets", "cursor", cancel);

    public static IAsyncEnumerable<Reply<MethodView>> MethodsAsync(this ServiceClient service, CancellationToken cancel) =>
        service.ListAsync<MethodView>("methods", "cursor", cancel);

    /// <summary>Gets whether the service is ready.</summary>
    public static Task<Reply<HealthView>> ReadyAsync(this ServiceClient service, CancellationToken cancel) =>
        service.GetAsync<HealthView>("health/ready", cancel);
}
