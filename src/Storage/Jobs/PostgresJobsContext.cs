using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;
using Npgsql;

namespace LoraDrop.Storage;

/// <summary>The rows in PostgreSQL.</summary>
public sealed class PostgresJobsContext(DbContextOptions<PostgresJobsContext> options) : JobsContext(options)
{
    public static void Configure(DbContextOptionsBuilder options, string connectionString) =>
        options.UseNpgsql(connectionString, postgres => postgres.UseQuerySplittingBehavior(QuerySplittingBehavior.SingleQuery))
            .UseSnakeCaseNamingConvention();

    public override bool IsTaken(DbUpdateException failed) =>
        failed.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation };

    public override bool IsDangling(Exception failed) =>
        (failed as PostgresException ?? failed.InnerException) is PostgresException { SqlState: PostgresErrorCodes.ForeignKeyViolation };

    public override async Task LockJobAsync(Guid job, CancellationToken cancel)
    {
        if (Database.CurrentTransaction is null) throw new InvalidOperationException("A row can only be held within a transaction.");
        await Database.ExecuteSqlAsync($"SELECT id FROM jobs WHERE id = {job} FOR UPDATE", cancel);
    }

    public override Task LockOwnerAsync(string owner, CancellationToken cancel) =>
        Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock(hashtextextended({owner}, 0))", cancel);

    public override Task<List<EventRow>> TakeUntoldAsync(int most, CancellationToken cancel) =>
        Events.FromSql($"SELECT * FROM events WHERE untold ORDER BY id LIMIT {most} FOR UPDATE SKIP LOCKED").ToListAsync(cancel);

    /// <summary>Text sorts by code point, as in SQLite, whatever the server's locale.</summary>
    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        base.ConfigureConventions(configurationBuilder);
        configurationBuilder.Properties<string>().HaveConversion<Storable>().UseCollation("C");
    }

    /// <summary>
    /// PostgreSQL stores neither U+0000 nor unpaired surrogates. Requests that contain them are refused, but text from a run or its data (a
    /// message, a column's name) may contain them, and must not keep a job from ending: U+FFFD replaces them.
    /// </summary>
    private sealed class Storable() : ValueConverter<string, string>(text => Cleaned(text), text => text)
    {
        private static string Cleaned(string text)
        {
            if (!text.Contains('\0') && !HasHalves(text)) return text;
            // an unpaired surrogate reads as U+FFFD
            return string.Concat(text.EnumerateRunes().Select(rune => rune.Value == 0 ? "\uFFFD" : rune.ToString()));
        }

        private static bool HasHalves(string text)
        {
            for (var i = 0; i < text.Length; i++)
            {
                if (!char.IsSurrogate(text[i])) continue;
                if (i + 1 == text.Length || !char.IsSurrogatePair(text[i], text[i + 1])) return true;
                i++;
            }
            return false;
        }
    }

    /// <summary>For the migrations tool.</summary>
    internal sealed class DesignTime : IDesignTimeDbContextFactory<PostgresJobsContext>
    {
        public PostgresJobsContext CreateDbContext(string[] args)
        {
            var options = new DbContextOptionsBuilder<PostgresJobsContext>();
            Configure(options, "Host=localhost;Database=design");
            return new(options.Options);
        }
    }
}
