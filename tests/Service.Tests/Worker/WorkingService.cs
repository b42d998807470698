using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using LoraDrop.Cli;
using LoraDrop.Engine.Tests;
using LoraDrop.Storage;
using LoraDrop.Worker;
using Microsoft.AspNetCore.Builder;

namespace LoraDrop.Service.Tests;

/// <summary>The whole embedded service with its worker, whose children are the real program.</summary>
internal sealed class WorkingService : IAsyncDisposable
{
    private readonly TestFolder _folder;
    private readonly DataFolder _data;
    private readonly WebApplication _app;

    private WorkingService(TestFolder folder, DataFolder data, WebApplication app)
    {
        (_folder, _data, _app) = (folder, data, app);
        Http = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
    }

    public HttpClient Http { get; }

    public string DataFolder => _data.Root;

    public static async Task<WorkingService> StartAsync(Func<WorkerOptions, WorkerOptions>? worker = null,
        Func<HubOptions, HubOptions>? hub = null, string? root = null, Func<TrackingOptions, TrackingOptions>? tracking = null,
            int port = 0)
    {
        var folder = new TestFolder();
        var data = Storage.DataFolder.Take(root ?? folder.At("data"));
        var options = new WorkerOptions { Threads = 1, ChildCommand = [Path.Combine(AppContext.BaseDirectory, "loradrop")] };
        options = worker?.Invoke(options) ?? options;
        var onHub = hub?.Invoke(new()) ?? new();
        var shown = new TrackingOptions { MlflowUri = null };
        shown = tracking?.Invoke(shown) ?? shown;
        var app = await EmbeddedHost.BuildAsync(data, new(IPAddress.Loopback, port, options, onHub, Quiet: true,
            shown) { Outgoing = new() { PrivateNetworks = ["127.0.0.1"], AllowHttp = true } });
        await app.StartAsync();
        return new(folder, data, app);
    }

    /// <summary>Posts JSON; the answer's body.</summary>
    public async Task<JsonElement> PostAsync(string path, string json)
    {
        using var answer = await Http.PostAsync(path, new StringContent(json, null, "application/json"));
        var body = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, body);
        return JsonDocument.Parse(body).RootElement;
    }

    /// <summary>Uploads a dataset of one file; what is known of it when it is validated.</summary>
    public async Task<JsonElement> UploadAsync(string name, string file, byte[] content)
    {
        using var form = new MultipartFormDataContent { { new StringContent(name), "name" },
            { new ByteArrayContent(content), "train", file } };
        using var answer = await Http.PostAsync("/datasets", form);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        return await WaitForAsync($"/datasets/{name}", dataset => Status(dataset) != "preparing");
    }

    /// <summary>Submits a job and waits for its end.</summary>
    public async Task<JsonElement> RunAsync(string request)
    {
        var job = await PostAsync("/jobs", request);
        return await WaitForAsync($"/jobs/{job.GetProperty("id").GetString()}", j => Status(j) is "succeeded" or "failed" or "cancelled");
    }

    public Task<JsonElement> WaitForAsync(string path, Func<JsonElement, bool> reached) =>
        Eventually.UntilAsync(() => Http.GetFromJsonAsync<JsonElement>(path), reached, Log);

    /// <summary>What the service has logged so far, a line of JSON each.</summary>
    public string Log() => string.Concat(Directory.EnumerateFiles(Path.Combine(DataFolder, "logs")).Order().Select(file =>
    {
        using var reader = new StreamReader(new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return reader.ReadToEnd();
    }));

    public static string Status(JsonElement state) => state.GetProperty("status").GetString()!;

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.DisposeAsync();
        _data.Dispose();
        _folder.Dispose();
    }
}
