using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using LoraDrop.Api;
using LoraDrop.Domain;
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

    private TestService(TestFolder folder, DataFolder data, WebApplication app, LoggedErrors errors)
    {
        (_folder, _data, _app, Errors) = (folder, data, app, errors.Texts);
        Address = new Uri(app.Urls.First());
        Http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = Address };
    }

    public Uri Address { get; }

    public HttpClient Http { get; }

    public IServiceProvider Services => _app.Services;

    public TimeProvider Clock => Services.GetRequiredService<TimeProvider>();

    public IDbContextFactory<JobsContext> Contexts => Services.GetRequiredService<IDbContextFactory<JobsContext>>();

    /// <summary>What was logged as an error.</summary>
    public IReadOnlyCollection<string> Errors { get; }

    public IObjectStore Objects => Services.GetRequiredService<IObjectStore>();

    public string DataFolder => _data.Root;

    /// <summary>The settings of a service that a test does not set itself.</summary>
    public static ApiOptions ApiDefaults { get; } = new() { StreamEvery = TimeSpan.FromMilliseconds(50) };

    /// <summary>Starts a service; it answers when the task is done.</summary>
    /// <param name="configure">Changes what is registered, after everything is.</param>
    public static async Task<TestService> StartAsync(Action<IServiceCollection>? configure = null)
    {
        var folder = new TestFolder();
        var data = Storage.DataFolder.Take(folder.Path);
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        var errors = new LoggedErrors();
        builder.Logging.ClearProviders().AddProvider(errors);
        builder.Services.AddEmbeddedStorage(data).AddApi(ApiDefaults);
        configure?.Invoke(builder.Services);
        var app = builder.Build();
        app.MapApi();
        await app.Services.MigrateAsync(CancellationToken.None);
        await app.StartAsync();
        return new(folder, data, app, errors);
    }

    /// <summary>A key, made as the command line makes one.</summary>
    public async Task<string> KeyAsync(Role role, string owner, int? requestsPerMinute = null, int? activeJobs = null)
    {
        await using var scope = Services.CreateAsyncScope();
        return (await scope.ServiceProvider.GetRequiredService<ApiKeys>()
            .CreateAsync(new(owner, role, owner, null, requestsPerMinute, activeJobs), "a test", CancellationToken.None)).Key;
    }

    /// <summary>A client that shows a key.</summary>
    public HttpClient As(string key) => new(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = Address,
        DefaultRequestHeaders = { Authorization = new("Bearer", key) } };

    public Task<HttpResponseMessage> GetAsync(string address) => Http.GetAsync(address);

    /// <summary>The JSON at an address; fails with what the service says and logs.</summary>
    public async Task<JsonElement> JsonAsync(string address)
    {
        using var answer = await Http.GetAsync(address);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, $"{(int)answer.StatusCode} {text}\n{string.Join('\n', Errors)}");
        return JsonSerializer.Deserialize<JsonElement>(text);
    }

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

    private sealed class LoggedErrors : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> Texts { get; } = [];

        /// <summary>As hosts log: what goes wrong in EF Core is thrown too, and said where it is caught.</summary>
        public ILogger CreateLogger(string categoryName) =>
            categoryName.StartsWith("Microsoft.EntityFrameworkCore", StringComparison.Ordinal)
                ? Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance
                : this;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel)) Texts.Enqueue($"{formatter(state, exception)}\n{exception}");
        }

        public void Dispose() { }
    }
}
