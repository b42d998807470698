using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace LoraDrop.Storage;

/// <summary>The rows in a SQLite file.</summary>
public sealed class SqliteJobsContext(DbContextOptions<SqliteJobsContext> options) : JobsContext(options)
{
    public static void Configure(DbContextOptionsBuilder options, string file) =>
        options.UseSqlite($"Data Source={file};Foreign Keys=True;Default Timeout=30",
            sqlite => sqlite.UseQuerySplittingBehavior(QuerySplittingBehavior.SingleQuery)).UseSnakeCaseNamingConvention();

    public override bool IsTaken(DbUpdateException failed) =>
        // SQLITE_CONSTRAINT_UNIQUE, SQLITE_CONSTRAINT_PRIMARYKEY
        failed.InnerException is SqliteException { SqliteExtendedErrorCode: 2067 or 1555 };

    public override bool IsDangling(Exception failed) =>
        // SQLITE_CONSTRAINT_FOREIGNKEY
        (failed as SqliteException ?? failed.InnerException) is SqliteException { SqliteExtendedErrorCode: 787 };

    public override Task LockOwnerAsync(string owner, CancellationToken cancel) => Task.CompletedTask;

    public override Task LockJobAsync(Guid job, CancellationToken cancel) => Task.CompletedTask;

    public override Task<List<EventRow>> TakeUntoldAsync(int most, CancellationToken cancel) =>
        Events.Where(e => e.Untold).OrderBy(e => e.Id).Take(most).ToListAsync(cancel);

    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        base.ConfigureConventions(configurationBuilder);
        configurationBuilder.Properties<DateTimeOffset>().HaveConversion<Microseconds>(); // SQLite has no time type; numbers sort
    }

    private sealed class Microseconds() : ValueConverter<DateTimeOffset, long>(
        time => time.UtcTicks / TimeSpan.TicksPerMicrosecond,
        microseconds => new DateTimeOffset(microseconds * TimeSpan.TicksPerMicrosecond, TimeSpan.Zero));

    /// <summary>For the migrations tool.</summary>
    internal sealed class DesignTime : IDesignTimeDbContextFactory<SqliteJobsContext>
    {
        public SqliteJobsContext CreateDbContext(string[] args)
        {
            var options = new DbContextOptionsBuilder<SqliteJobsContext>();
            Configure(options, "design.db");
            return new(options.Options);
        }
    }
}
