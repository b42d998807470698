using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using LoraDrop.Api;
using LoraDrop.Engine.Tests;
using LoraDrop.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LoraDrop.Service.Tests;

/// <summary>The service on a port of its own, with a data folder that goes with it. Nobody takes up its work, unless a test does.</summary>
public sealed class TestService : IAsyncDisposable
{
    private readonly TestFolder _folder;
    private readonly DataFolder _data;
    private readonly WebApplication _app;

    private TestService(TestFolder folder, DataFolder data, WebApplication app)
    {
        (_folder, _data, _app) = (folder, data, app);
        Address = new Uri(app.Urls.First());
        Http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = Address };
    }

    public Uri Address { get; }

    public HttpClient Http { get; }

    public IServiceProvider Services => _app.Services;

    public TimeProvider Clock => Services.GetRequiredService<TimeProvider>();

    public IDbContextFactory<JobsContext> Contexts => Services.GetRequiredService<IDbContextFactory<JobsContext>>();

    public string DataFolder => _data.Root;

    /// <summary>Starts a service; it answers when the task is done.</summary>
    /// <param name="configure">Changes what is registered, after everything is.</param>
    public static async Task<TestService> StartAsync(Action<IServiceCollection>? configure = null)
    {
        var folder = new TestFolder();
        var data = Storage.DataFolder.Take(folder.Path);
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        builder.Services.AddEmbeddedStorage(data).AddApi();
        builder.Services.Configure<ApiOptions>(options => options.StreamEvery = TimeSpan.FromMilliseconds(50));
        configure?.Invoke(builder.Services);
        var app = builder.Build();
        app.MapApi();
        await app.Services.MigrateAsync(CancellationToken.None);
        await app.StartAsync();
        return new(folder, data, app);
    }

    public Task<HttpResponseMessage> GetAsync(string address) => Http.GetAsync(address);

    public async Task<JsonElement> JsonAsync(string address) => await Http.GetFromJsonAsync<JsonElement>(address);

    public Task<HttpResponseMessage> PostAsync(string address, string? json = null) =>
        Http.PostAsync(address, json is null ? null : new StringContent(json, Encoding.UTF8, "application/json"));

    /// <summary>Asks the host to stop, as a signal does.</summary>
    public void BeginStop() => Services.GetRequiredService<IHostApplicationLifetime>().StopApplication();

    public async Task<T> RowsAsync<T>(Func<JobsContext, Task<T>> use)
    {
        await using var db = await Contexts.CreateDbContextAsync();
        return await use(db);
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        _data.Dispose();
        _folder.Dispose();
    }
}
