using System.Net.ServerSentEvents;
using LoraDrop.Domain;

namespace LoraDrop.Api.Client;

/// <summary>Calls about jobs.</summary>
internal static class JobCalls
{
    /// <summary>Submits a job; only the service validates the settings.</summary>
    public static Task<Reply<JobView>> SubmitAsync(this ServiceClient service, string settings, CancellationToken cancel) =>
        service.PostAsync<JobView>("jobs", settings, cancel);

    /// <summary>Estimates a job.</summary>
    public static Task<Reply<EstimateView>> EstimateAsync(this ServiceClient service, string settings, CancellationToken cancel) =>
        service.PostAsync<EstimateView>("jobs/estimate", settings, cancel);

    /// <summary>Submits a job again, changed by a merge patch.</summary>
    public static Task<Reply<JobView>> CloneAsync(this ServiceClient service, Guid id, string patch, CancellationToken cancel) =>
        service.PostAsync<JobView>($"jobs/{id}/clone", patch, cancel);

    public static Task<Reply<JobView>> JobAsync(this ServiceClient service, Guid id, CancellationToken cancel) =>
        service.GetAsync<JobView>($"jobs/{id}", cancel);

    /// <summary>Lists jobs, newest first, page by page.</summary>
    public static IAsyncEnumerable<Reply<JobSummary>> JobsAsync(this ServiceClient service, string query, CancellationToken cancel) =>
        service.ListAsync<JobSummary>($"jobs{query}", "cursor", cancel);

    public static Task<Reply<JobView>> CancelAsync(this ServiceClient service, Guid id, CancellationToken cancel) =>
        service.PostAsync<JobView>($"jobs/{id}/cancel", cancel);

    public static Task<Reply<JobView>> PauseAsync(this ServiceClient service, Guid id, CancellationToken cancel) =>
        service.PostAsync<JobView>($"jobs/{id}/pause", cancel);

    public static Task<Reply<JobView>> ResumeAsync(this ServiceClient service, Guid id, CancellationToken cancel) =>
        service.PostAsync<JobView>($"jobs/{id}/resume", cancel);

    public static Task<Reply<JobView>> RetryAsync(this ServiceClient service, Guid id, CancellationToken cancel) =>
        service.PostAsync<JobView>($"jobs/{id}/retry", cancel);

    public static Task DeleteJobAsync(this ServiceClient service, Guid id, bool purge, CancellationToken cancel) =>
        service.DeleteAsync($"jobs/{id}{(purge ? "?purge=true" : "")}", cancel);

    public static Task<Reply<JobView>> RestoreAsync(this ServiceClient service, Guid id, CancellationToken cancel) =>
        service.PostAsync<JobView>($"jobs/{id}/restore", cancel);

    /// <param name="service">The service.</param>
    /// <param name="id">The job.</param>
    /// <param name="query">Another cut than the job's own, or empty.</param>
    /// <param name="cancel">Cancels it.</param>
    public static Task<Reply<Api.ImportanceView>> ImportanceAsync(this ServiceClient service, Guid id, string query,
        CancellationToken cancel) =>
        service.GetAsync<Api.ImportanceView>($"jobs/{id}/importance{query}", cancel);

    public static IAsyncEnumerable<Reply<EventView>> EventsAsync(this ServiceClient service, Guid id, EventQuery query,
        CancellationToken cancel) =>
        service.ListAsync<EventView>($"jobs/{id}/events{query}", "after", cancel);

    public static async Task<IReadOnlyList<ArtifactView>> ArtifactsAsync(this ServiceClient service, Guid id, CancellationToken cancel) =>
        (await service.GetAsync<ArtifactList>($"jobs/{id}/artifacts", cancel)).Value.Items;

    /// <summary>A job's events from the service's own stream, until it ends or breaks off.</summary>
    /// <param name="service">The service.</param>
    /// <param name="id">The job.</param>
    /// <param name="after">Id of the last seen event; null for all.</param>
    /// <param name="cancel">Cancels it.</param>
    /// <exception cref="ServiceUnreachableException">The connection broke.</exception>
    public static async IAsyncEnumerable<SseItem<string>> StreamAsync(
        this ServiceClient service, Guid id, string? after,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"jobs/{id}/events/stream");
        if (after is not null) request.Headers.Add("Last-Event-ID", after);
        await foreach (var item in service.StreamAsync(request, cancel)) yield return item;
    }
}

/// <summary>Filters a job's events.</summary>
internal sealed record EventQuery(Storage.EventLevel Level)
{
    public override string ToString() => $"?limit=500&level={JsonText.NameOf(Level)}";
}
