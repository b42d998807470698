using System.Net;
using Hangfire;
using Hangfire.Common;
using Hangfire.States;
using LoraDrop.Domain;
using LoraDrop.Engine.Tests;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace LoraDrop.Storage.Tests;

/// <summary>A real database and a real folder, and a queue that writes down what is put into it.</summary>
internal sealed class TestStorage : IAsyncDisposable
{
    private readonly TestFolder _folder = new();
    private readonly DataFolder _data;
    private readonly ServiceProvider _services;
    private readonly string? _database;
    private readonly QueueInWords _enqueued = new();
    private readonly AsyncLocal<Caller> _caller = new();

    private TestStorage(string? database)
    {
        _database = database;
        _data = DataFolder.Take(_folder.At("data"));
        var services = new ServiceCollection().AddLogging().AddEmbeddedStorage(_data, new() { Sources = new() { LocalFiles = true } });
        if (database is not null) services.AddPostgresRows(database);
        services.AddSingleton<IBackgroundJobClient>(_enqueued);
        services.AddScoped(_ => _caller.Value ?? Caller.Machine);
        services.AddSingleton<TimeProvider>(Clock);
        // every name is a public one, and nobody is asked
        services.AddSingleton<NameLookup>((_, _) => Task.FromResult<IPAddress[]>([IPAddress.Parse("93.184.216.34")]));
        _services = services.BuildServiceProvider();
    }

    public static async Task<TestStorage> NewAsync(Database database)
    {
        if (database == Database.Postgres)
            return new(await (await PostgresServer.SharedAsync()).CreateDatabaseAsync("migrated", MigrateAsync));
        var storage = new TestStorage(database: null);
        await storage._services.MigrateAsync(TestContext.Current.CancellationToken);
        return storage;
    }

    private static async Task MigrateAsync(string connectionString)
    {
        await using var services = new ServiceCollection().AddLogging().AddPostgresRows(connectionString).BuildServiceProvider();
        await services.MigrateAsync(CancellationToken.None);
    }

    /// <summary>What was enqueued until now, all of it sent.</summary>
    public QueueInWords Enqueued
    {
        get
        {
            SpinWait.SpinUntil(() => _services.GetRequiredService<WorkQueue>().SentAsync().IsCompleted);
            return _enqueued;
        }
    }

    public TestClock Clock { get; } = new();

    public DataFolder Data => _data;

    public IDbContextFactory<JobsContext> Contexts => _services.GetRequiredService<IDbContextFactory<JobsContext>>();

    public IObjectStore Objects => _services.GetRequiredService<IObjectStore>();

    public StageLeases Leases => _services.GetRequiredService<StageLeases>();

    public PreparationLeases Preparations => _services.GetRequiredService<PreparationLeases>();

    public ObjectSweep Sweep => _services.GetRequiredService<ObjectSweep>();

    public WebhookOutbox Outbox => _services.GetRequiredService<WebhookOutbox>();

    public Deliveries Deliveries => _services.GetRequiredService<Deliveries>();

    public Recovery Recovery => _services.GetRequiredService<Recovery>();

    /// <summary>Something with a context of its own, as a request has.</summary>
    /// <param name="act">What is asked for.</param>
    /// <param name="caller">Who asks; the service itself by default.</param>
    public async Task<T> AsARequest<T>(Func<JobLife, Task<T>> act, Caller? caller = null)
    {
        await using var scope = _services.CreateAsyncScope();
        _caller.Value = caller ?? Caller.Machine;
        return await act(scope.ServiceProvider.GetRequiredService<JobLife>());
    }

    public async Task<T> OnInputs<T>(Func<InputLife, Task<T>> act)
    {
        await using var scope = _services.CreateAsyncScope();
        return await act(scope.ServiceProvider.GetRequiredService<InputLife>());
    }

    /// <summary>What a caller does to webhooks.</summary>
    public async Task<T> OnWebhooks<T>(Func<WebhookLife, Task<T>> act, Caller? caller = null)
    {
        await using var scope = _services.CreateAsyncScope();
        return await act(caller is null
            ? scope.ServiceProvider.GetRequiredService<WebhookLife>()
            : ActivatorUtilities.CreateInstance<WebhookLife>(scope.ServiceProvider, caller));
    }

    /// <summary>As <see cref="AsARequest"/>, about files.</summary>
    public async Task<T> OnFiles<T>(Func<FileLife, Task<T>> act, Caller? caller = null)
    {
        await using var scope = _services.CreateAsyncScope();
        _caller.Value = caller ?? Caller.Machine;
        return await act(scope.ServiceProvider.GetRequiredService<FileLife>());
    }

    public async Task<T> Read<T>(Func<JobsContext, Task<T>> read)
    {
        await using var db = await Contexts.CreateDbContextAsync();
        return await read(db);
    }

    public Task<JobRow> Job(Guid id) =>
        Read(db => db.Jobs.AsNoTracking().Include(j => j.Stages).Include(j => j.Model).Include(j => j.Dataset)
            .SingleAsync(j => j.Id == id));

    /// <summary>A model and a dataset that are ready, under the names that <see cref="Request"/> uses.</summary>
    public async Task AddInputs(InputStatus status = InputStatus.Ready)
    {
        await using var db = await Contexts.CreateDbContextAsync();
        db.Models.Add(new() { Id = Guid.CreateVersion7(), Name = "tiny", Source = "file:/tiny", Status = status });
        db.Datasets.Add(new() { Id = Guid.CreateVersion7(), Name = "moods", Source = "upload", Status = status });
        await db.SaveChangesAsync();
    }

    /// <summary>What whoever prepares them would write.</summary>
    public Task<int> MakeReady() => Read(async db =>
    {
        await db.Models.ExecuteUpdateAsync(set => set.SetProperty(m => m.Status, InputStatus.Ready));
        return await db.Datasets.ExecuteUpdateAsync(set => set.SetProperty(d => d.Status, InputStatus.Ready));
    });

    public static JobRequest Request(string more = "") => JobRequest.Parse($$$"""
        {"model": "tiny", "dataset": "moods", "task": {"kind": "classification", "columns": {"first": "text", "label": "mood"}}{{{more}}}}
        """);

    public async Task<Guid> Submit(string more = "") => (await AsARequest(life => life.SubmitAsync(Request(more), default))).Value!.Id;

    public Task<StageLease?> Take(Guid job, Stage stage = Stage.ImportanceEvaluation, string worker = "w1") =>
        Leases.TakeAsync(job, stage, worker, default);

    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync();
        if (_database is not null) await (await PostgresServer.SharedAsync()).DropDatabaseAsync(_database);
        _data.Dispose();
        _folder.Dispose();
    }

    /// <summary>What was enqueued, as <c>queue: Method(arguments)</c>.</summary>
    internal sealed class QueueInWords : IBackgroundJobClient
    {
        public List<string> Words { get; } = [];

        public string Create(Job job, IState state)
        {
            Words.Add($"{job.Queue}: {job.Method.Name}({string.Join(", ", job.Args.Where(a => a is not CancellationToken))})");
            return Words.Count.ToString();
        }

        public bool ChangeState(string jobId, IState state, string expectedState) => throw new NotSupportedException();
    }
}
