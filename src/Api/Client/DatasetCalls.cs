using System.Text.Json;
using LoraDrop.Domain;

namespace LoraDrop.Api.Client;

/// <summary>Calls about datasets.</summary>
internal static class DatasetCalls
{
    /// <summary>Uploads the files of a dataset, by split.</summary>
    public static async Task<Reply<DatasetView>> UploadAsync(this ServiceClient service, string name,
        IReadOnlyDictionary<string, string> files, Action<long> sent, CancellationToken cancel)
    {
        using var form = new MultipartFormDataContent { { new StringContent(name), "name" } };
        foreach (var (split, path) in files) form.Add(new UploadedFile(path, sent), split, Path.GetFileName(path));
        return await service.PostAsync<DatasetView>("datasets", form, cancel);
    }

    public static Task<Reply<DatasetView>> AddDatasetAsync(this ServiceClient service, string name, string source,
        CancellationToken cancel) =>
        service.PostAsync<DatasetView>("datasets", JsonSerializer.Serialize(new Registration(name, source), JsonText.Compact), cancel);

    public static Task<Reply<DatasetView>> DatasetAsync(this ServiceClient service, string nameOrId, CancellationToken cancel) =>
        service.GetAsync<DatasetView>($"datasets/{Uri.EscapeDataString(nameOrId)}", cancel);

    public static IAsyncEnumerable<Reply<DatasetView>> DatasetsAsync(this ServiceClient service, string query, CancellationToken cancel) =>
        service.ListAsync<DatasetView>($"datasets{query}", "cursor", cancel);

    public static Task<Reply<PreviewView>> PreviewAsync(this ServiceClient service, string nameOrId, string split,
        CancellationToken cancel) =>
        service.GetAsync<PreviewView>($"datasets/{Uri.EscapeDataString(nameOrId)}/preview?split={Uri.EscapeDataString(split)}", cancel);

    public static Task DeleteDatasetAsync(this ServiceClient service, string nameOrId, CancellationToken cancel) =>
        service.DeleteAsync($"datasets/{Uri.EscapeDataString(nameOrId)}", cancel);
}
