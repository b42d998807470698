using System.Net;
using Hangfire;
using Hangfire.AspNetCore;
using Hangfire.InMemory;
using LoraDrop.Domain;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace LoraDrop.Storage;

/// <summary>Registers the storage of jobs, objects and the queue.</summary>
public static class StorageSetup
{
    /// <summary>Everything in one folder and one process: SQLite, files, and an in-memory queue that <see cref="Recovery"/> fills at
    /// start.</summary>
    /// <param name="services">The host's services.</param>
    /// <param name="folder">The folder, already acquired.</param>
    /// <param name="settings">Sources, outgoing connections, webhooks, leases and limits; the other settings are ignored.</param>
    public static IServiceCollection AddEmbeddedStorage(this IServiceCollection services, DataFolder folder,
        StorageSettings? settings = null)
    {
        settings ??= new();
        services.AddSingleton(folder);
        services.AddPooledDbContextFactory<SqliteJobsContext>(options => SqliteJobsContext.Configure(options, folder.Database));
        services.AddSingleton<IDbContextFactory<JobsContext>, SqliteContexts>();
        services.AddScoped<JobsContext>(provider => provider.GetRequiredService<IDbContextFactory<SqliteJobsContext>>().CreateDbContext());
        services.AddSingleton<IObjectStore>(new FolderObjectStore(folder.Objects));
        services.AddSingleton<JobStorage>(_ => new InMemoryStorage()); // per service, not per process: tests start several in one
        services.AddJobs(settings, TimeProvider.System);
        return services;
    }

    /// <summary>Registers the services that are the same for every kind of storage.</summary>
    internal static void AddJobs(this IServiceCollection services, StorageSettings settings, TimeProvider clock)
    {
        services.AddSingleton<JobActivator>(provider => new AspNetCoreJobActivator(provider.GetRequiredService<IServiceScopeFactory>()));
        services.AddHangfire((provider, hangfire) =>
            hangfire.UseRecommendedSerializerSettings()
                .UseLogProvider(new AspNetCoreLogProvider(new QueueLog(provider.GetRequiredService<ILoggerFactory>())))
                .UseFilter(new AutomaticRetryAttribute { Attempts = 0 })); // retries are decided by the rows
        services.AddSingleton<WorkQueue>();
        // registered before the services that create messages, so that it stops after them
        services.AddHostedService(provider => provider.GetRequiredService<WorkQueue>());
        services.AddSingleton(clock);
        services.AddSingleton(settings.Sources);
        services.AddSingleton(settings.Leases);
        services.AddSingleton(settings.Jobs);
        services.AddSingleton(settings.Predictions);
        services.AddSingleton(settings.Outgoing);
        services.AddSingleton(settings.Webhooks);
        services.AddSingleton<NameLookup>(Dns.GetHostAddressesAsync);
        services.AddSingleton<OutgoingGuard>();
        services.AddSingleton<Outages>();
        services.AddSingleton<StageLeases>();
        services.AddSingleton<PreparationLeases>();
        services.AddSingleton<Predictions>();
        services.AddSingleton<PredictionLeases>();
        services.AddSingleton<EvaluationLeases>();
        services.AddSingleton<ObjectSweep>();
        services.AddSingleton<Recovery>();
        services.AddSingleton<IdempotentRequests>();
        services.TryAddSingleton(Caller.Machine); // a host with users sets the caller of each request
        services.AddScoped<Inputs>();
        services.AddScoped<ApiKeys>();
        services.AddScoped<AuditLog>();
        services.AddScoped<JobQuota>();
        services.AddScoped<LiveWorkers>();
        services.AddScoped<JobLife>();
        services.AddScoped<EvaluationLife>();
        services.AddScoped<ExperimentRelease>();
        services.AddScoped<ExperimentLife>();
        services.AddScoped<InputLife>();
        services.AddScoped<FileLife>();
        services.AddScoped<WebhookLife>();
        services.AddSingleton<WebhookOutbox>();
        services.AddSingleton<Deliveries>();
    }

    /// <summary>Migrates the database to this version. Readers do not wait for writers (WAL).</summary>
    /// <exception cref="RefusedInputException">The tables were created by a version before 0.1.0.</exception>
    public static async Task MigrateAsync(this IServiceProvider services, CancellationToken cancel)
    {
        await using var db = await services.GetRequiredService<IDbContextFactory<JobsContext>>().CreateDbContextAsync(cancel);
        OldTables.Refuse("--data", db.Database.GetMigrations(), await db.Database.GetAppliedMigrationsAsync(cancel),
            "start with an empty folder");
        await db.Database.MigrateAsync(cancel);
        if (db is SqliteJobsContext) await db.Database.ExecuteSqlRawAsync("PRAGMA journal_mode=WAL", cancel);
    }

    private sealed class SqliteContexts(IDbContextFactory<SqliteJobsContext> contexts) : IDbContextFactory<JobsContext>
    {
        public JobsContext CreateDbContext() => contexts.CreateDbContext();

        public async Task<JobsContext> CreateDbContextAsync(CancellationToken cancellationToken) =>
            await contexts.CreateDbContextAsync(cancellationToken);
    }
}
