using Hangfire;
using Hangfire.PostgreSql;
using Hangfire.PostgreSql.Factories;
using LoraDrop.Domain;
using Microsoft.Extensions.DependencyInjection;

namespace LoraDrop.Storage;

/// <summary>Registers storage shared by any number of hosts: PostgreSQL for rows and queue, an S3 store or a folder for objects.</summary>
public static class ProductionSetup
{
    /// <param name="services">The host's services.</param>
    /// <param name="settings">The storage settings.</param>
    /// <param name="application">The name of this process in the database's session list.</param>
    public static IServiceCollection AddProductionStorage(this IServiceCollection services, StorageSettings settings, string application)
    {
        services.AddPostgresRows(settings.Database.CompleteForRows(application, settings.Leases.Length));
        services.AddSingleton(ObjectsOf(settings));
        services.AddSingleton<JobStorage>(_ => QueueOf(settings, application)); // on first use: the host waits for the database before
        services.AddSingleton(settings.Database);
        var clock = new DatabaseClock();
        services.AddSingleton(clock);
        services.AddHostedService<DatabaseClockKeeper>(); // before all others, which use its time
        services.AddJobs(settings, clock);
        return services;
    }

    private static IObjectStore ObjectsOf(StorageSettings settings) =>
        settings.Objects.Folder is { } folder ? new FolderObjectStore(folder) : new S3ObjectStore(settings.S3);

    /// <summary>A message stays hidden while its worker lives, however long it works: without the sliding timeout, hours of training would
    /// be started twice.</summary>
    private static PostgreSqlStorage QueueOf(StorageSettings settings, string application)
    {
        var options = new PostgreSqlStorageOptions
        {
            SchemaName = DatabaseTables.QueueSchema,
            PrepareSchemaIfNecessary = false, // done by db migrate
            UseSlidingInvisibilityTimeout = true,
            InvisibilityTimeout = settings.Queue.InvisibilityTimeout,
            EnableLongPolling = true,
            QueuePollInterval = TimeSpan.FromSeconds(1),
        };
        return new(new NpgsqlConnectionFactory(settings.Database.Complete($"{application} queue", DatabaseOptions.QueueConnections,
            settings.Leases.Length), options), options);
    }
}
