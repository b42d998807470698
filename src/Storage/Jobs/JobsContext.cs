using LoraDrop.Domain;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace LoraDrop.Storage;

/// <summary>The rows. A class derives from it for each database, so that each has its own migrations.</summary>
public abstract class JobsContext : DbContext
{
    /// <summary>The filter of indexes that leave out deleted rows.</summary>
    internal const string NotDeleted = "deleted_at IS NULL";

    // a change that fails is made again whole
    protected JobsContext(DbContextOptions options) : base(options) => Database.AutoSavepointsEnabled = false;

    public DbSet<JobRow> Jobs => Set<JobRow>();

    public DbSet<StageRow> Stages => Set<StageRow>();

    public DbSet<EventRow> Events => Set<EventRow>();

    public DbSet<MetricRow> Metrics => Set<MetricRow>();

    public DbSet<ImportanceRow> Importance => Set<ImportanceRow>();

    public DbSet<ImportanceSummaryRow> ImportanceSummaries => Set<ImportanceSummaryRow>();

    public DbSet<CheckpointRow> Checkpoints => Set<CheckpointRow>();

    public DbSet<ArtifactRow> Artifacts => Set<ArtifactRow>();

    public DbSet<ModelRow> Models => Set<ModelRow>();

    public DbSet<DatasetRow> Datasets => Set<DatasetRow>();

    public DbSet<FileRow> Files => Set<FileRow>();

    public DbSet<WorkerRow> Workers => Set<WorkerRow>();

    public DbSet<ApiKeyRow> ApiKeys => Set<ApiKeyRow>();

    public DbSet<AuditRow> Audit => Set<AuditRow>();

    public DbSet<WebhookRow> Webhooks => Set<WebhookRow>();

    public DbSet<DeliveryRow> Deliveries => Set<DeliveryRow>();

    public DbSet<AttemptRow> DeliveryAttempts => Set<AttemptRow>();

    public DbSet<IdempotencyRow> IdempotentRequests => Set<IdempotencyRow>();

    /// <summary>Whether a save failed because another row has the same value in a column that holds each once.</summary>
    public abstract bool IsTaken(DbUpdateException failed);

    /// <summary>Whether a change failed because a row is not there that another one points to, or because one is that still points to what
    /// was to go.</summary>
    public abstract bool IsDangling(Exception failed);

    /// <summary>Takes the job's row for the rest of the transaction: changes of one job come one after the other, and each sees what the
    /// one before it wrote.</summary>
    /// <remarks>
    /// First in a transaction, before a row of the job is read or written; so no two that change the same job wait for each other for ever.
    /// In PostgreSQL by <c>SELECT … FOR UPDATE</c>. In SQLite it does nothing: a transaction there begins with the whole file in hand
    /// (<c>BEGIN IMMEDIATE</c>). Of a job that is not there nothing is taken.
    /// </remarks>
    public abstract Task LockJobAsync(Guid job, CancellationToken cancel);

    /// <summary>Lets the changes that count an owner's jobs come one after the other, for the rest of the transaction. As
    /// <see cref="LockJobAsync"/> does it for a job.</summary>
    public abstract Task LockOwnerAsync(string owner, CancellationToken cancel);

    /// <summary>Takes events that webhooks are still to be told of, the first ones that nobody else has, for the rest of the
    /// transaction.</summary>
    /// <remarks>In PostgreSQL by <c>FOR UPDATE SKIP LOCKED</c>; in SQLite the transaction has the whole file.</remarks>
    public abstract Task<List<EventRow>> TakeUntoldAsync(int most, CancellationToken cancel);

    /// <summary>Begins a change of a job and takes its row: changes of one job come one after the other, and its events are seen in the
    /// order of their ids.</summary>
    public async Task<IDbContextTransaction> BeginChangeAsync(Guid job, CancellationToken cancel)
    {
        var transaction = await Database.BeginTransactionAsync(cancel);
        await LockJobAsync(job, cancel);
        return transaction;
    }

    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        configurationBuilder.Properties<JobStatus>().HaveConversion<Spelled<JobStatus>>();
        configurationBuilder.Properties<MlflowState>().HaveConversion<Spelled<MlflowState>>();
        configurationBuilder.Properties<Stage>().HaveConversion<Spelled<Stage>>();
        configurationBuilder.Properties<InputStatus>().HaveConversion<Spelled<InputStatus>>();
        configurationBuilder.Properties<EventLevel>().HaveConversion<Spelled<EventLevel>>();
        configurationBuilder.Properties<Place>().HaveConversion<Spelled<Place>>();
        configurationBuilder.Properties<ImportanceScope>().HaveConversion<Spelled<ImportanceScope>>();
        configurationBuilder.Properties<TuningMethod>().HaveConversion<Spelled<TuningMethod>>();
        configurationBuilder.Properties<Role>().HaveConversion<Spelled<Role>>();
        configurationBuilder.Properties<DeliveryStatus>().HaveConversion<Spelled<DeliveryStatus>>();
        configurationBuilder.Properties<DisabledReason>().HaveConversion<Spelled<DisabledReason>>();
    }

    /// <summary>Each row has its mapping beside it.</summary>
    protected override void OnModelCreating(ModelBuilder modelBuilder) =>
        modelBuilder.ApplyConfigurationsFromAssembly(typeof(JobsContext).Assembly);

    public override int SaveChanges(bool acceptAllChangesOnSuccess) => throw new NotSupportedException("Save asynchronously.");

    public override Task<int> SaveChangesAsync(bool acceptAllChangesOnSuccess, CancellationToken cancellationToken = default)
    {
        CountVersions();
        return base.SaveChangesAsync(acceptAllChangesOnSuccess, cancellationToken);
    }

    /// <summary>A change of a row, or of a job's stage, is a new version of what readers see.</summary>
    private void CountVersions()
    {
        foreach (var stage in ChangeTracker.Entries<StageRow>().Where(e => e.State == EntityState.Modified).ToList())
            if (Jobs.Local.FindEntry(stage.Entity.JobId) is { State: EntityState.Unchanged } job) job.State = EntityState.Modified;
        foreach (var job in ChangeTracker.Entries<JobRow>().Where(e => e.State == EntityState.Modified)) job.Entity.Version++;
        foreach (var input in ChangeTracker.Entries<InputRow>().Where(e => e.State == EntityState.Modified)) input.Entity.Version++;
    }

    /// <summary>Choices are stored as JSON spells them, so that a person can read the table.</summary>
    private sealed class Spelled<T>() : ValueConverter<T, string>(value => JsonText.NameOf(value), text => Parse(text)) where T : struct,
        Enum
    {
        private static readonly Dictionary<string, T> ByName = Enum.GetValues<T>().ToDictionary(value => JsonText.NameOf(value));

        private static T Parse(string text) => ByName[text];
    }
}
