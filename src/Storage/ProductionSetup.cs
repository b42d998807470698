using Hangfire;
using Hangfire.PostgreSql;
using Hangfire.PostgreSql.Factories;
using LoraDrop.Domain;
using Microsoft.Extensions.DependencyInjection;

namespace LoraDrop.Storage;

/// <summary>Registers storage that any number of hosts share: PostgreSQL for rows and queue, an S3 store or a folder for objects.</summary>
public static class ProductionSetup
{
    /// <param name="services">The host's.</param>
    /// <param name="settings">Where everything is.</param>
    /// <param name="application">What the database shows this process as.</param>
    public static IServiceCollection AddProductionStorage(this IServiceCollection services, StorageSettings settings, string application)
    {
        services.AddPostgresRows(settings.Database.CompleteForRows(application, settings.Leases.Length));
        services.AddSingleton(ObjectsOf(settings));
        services.AddSingleton<JobStorage>(_ => QueueOf(settings, application)); // when the first asks: the database is waited for before
        services.AddSingleton(settings.Database);
        var clock = new DatabaseClock();
        services.AddSingleton(clock);
        services.AddHostedService<DatabaseClockKeeper>(); // before all others: they go by it
        services.AddJobs(settings, clock);
        return services;
    }

    private static IObjectStore ObjectsOf(StorageSettings settings) =>
        settings.Objects.Folder is { } folder ? new FolderObjectStore(folder) : new S3ObjectStore(settings.S3);

    /// <summary>A message stays hidden while its worker lives, however long that works: without the sliding timeout, hours of training
    /// would be handed out twice.</summary>
    private static PostgreSqlStorage QueueOf(StorageSettings settings, string application)
    {
        var options = new PostgreSqlStorageOptions
        {
            SchemaName = DatabaseTables.QueueSchema,
            PrepareSchemaIfNecessary = false, // db migrate does
            UseSlidingInvisibilityTimeout = true,
            InvisibilityTimeout = settings.Queue.InvisibilityTimeout,
            EnableLongPolling = true,
            QueuePollInterval = TimeSpan.FromSeconds(1),
        };
        return new(new NpgsqlConnectionFactory(settings.Database.Complete($"{application} queue", DatabaseOptions.QueueConnections,
            settings.Leases.Length), options), options);
    }
}
