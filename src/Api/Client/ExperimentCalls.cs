using System.Text.Json;

namespace LoraDrop.Api.Client;

/// <summary>Calls about experiments.</summary>
internal static class ExperimentCalls
{
    public static Task<Reply<ExperimentView>> SubmitExperimentAsync(this ServiceClient service, string request, CancellationToken cancel) =>
        service.PostAsync<ExperimentView>("experiments", request, cancel);

    public static Task<Reply<ExperimentPreview>> PreviewExperimentAsync(this ServiceClient service, string request,
        CancellationToken cancel) => service.PostAsync<ExperimentPreview>("experiments/preview", request, cancel);

    public static Task<Reply<ExperimentView>> ExperimentAsync(this ServiceClient service, Guid id, CancellationToken cancel) =>
        service.GetAsync<ExperimentView>($"experiments/{id}", cancel);

    public static IAsyncEnumerable<Reply<ExperimentSummary>> ExperimentsAsync(this ServiceClient service, string query,
        CancellationToken cancel) => service.ListAsync<ExperimentSummary>($"experiments{query}", "cursor", cancel);

    /// <summary>Pauses, resumes, cancels or retries.</summary>
    public static Task<Reply<ExperimentView>> ChangeExperimentAsync(this ServiceClient service, Guid id, string change,
        CancellationToken cancel) => service.PostAsync<ExperimentView>($"experiments/{id}/{change}", cancel);

    public static Task<Reply<ExperimentView>> ExtendExperimentAsync(this ServiceClient service, Guid id, IReadOnlyList<long> seeds,
        CancellationToken cancel) =>
        service.PostAsync<ExperimentView>($"experiments/{id}/extend", JsonSerializer.Serialize(new { seeds }), cancel);

    public static Task DeleteExperimentAsync(this ServiceClient service, Guid id, CancellationToken cancel) =>
        service.DeleteAsync($"experiments/{id}", cancel);

    public static async Task<IReadOnlyList<ExperimentPresetView>> ExperimentPresetsAsync(this ServiceClient service,
        CancellationToken cancel) => (await service.GetAsync<ExperimentPresetList>("experiments/presets", cancel)).Value.Items;

    public static async Task<IReadOnlyList<FigureView>> FiguresAsync(this ServiceClient service, Guid id, CancellationToken cancel) =>
        (await service.GetAsync<FigureList>($"experiments/{id}/figures", cancel)).Value.Items;

    /// <summary>A figure's file.</summary>
    public static async Task<byte[]> FigureAsync(this ServiceClient service, string path, CancellationToken cancel)
    {
        using var answer = await service.OpenAsync(new(HttpMethod.Get, path.TrimStart('/')), cancel);
        return await answer.Content.ReadAsByteArrayAsync(cancel);
    }

    /// <summary>The results as text, in the service's format.</summary>
    public static async Task<string> ResultsAsync(this ServiceClient service, Guid id, string format, CancellationToken cancel)
    {
        using var answer = await service.OpenAsync(new(HttpMethod.Get, $"experiments/{id}/results?format={format}"), cancel);
        return await answer.Content.ReadAsStringAsync(cancel);
    }
}
