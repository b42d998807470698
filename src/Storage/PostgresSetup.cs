using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace LoraDrop.Storage;

/// <summary>Registers PostgreSQL as the database.</summary>
public static class PostgresSetup
{
    public static IServiceCollection AddPostgresRows(this IServiceCollection services, string connectionString)
    {
        services.AddPooledDbContextFactory<PostgresJobsContext>(options => PostgresJobsContext.Configure(options, connectionString));
        services.AddSingleton<IDbContextFactory<JobsContext>, PostgresContexts>();
        services.AddScoped<JobsContext>(provider => provider.GetRequiredService<IDbContextFactory<PostgresJobsContext>>()
            .CreateDbContext());
        return services;
    }

    private sealed class PostgresContexts(IDbContextFactory<PostgresJobsContext> contexts) : IDbContextFactory<JobsContext>
    {
        public JobsContext CreateDbContext() => contexts.CreateDbContext();

        public async Task<JobsContext> CreateDbContextAsync(CancellationToken cancellationToken) =>
            await contexts.CreateDbContextAsync(cancellationToken);
    }
}
