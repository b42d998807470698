using LoraDrop.Domain;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace LoraDrop.Storage;

/// <summary>The rows. Each database has a derived class, for its own migrations.</summary>
public abstract class JobsContext : DbContext
{
    /// <summary>The filter of indexes that leave out deleted rows.</summary>
    internal const string NotDeleted = "deleted_at IS NULL";

    // a failed change is repeated as a whole
    protected JobsContext(DbContextOptions options) : base(options) => Database.AutoSavepointsEnabled = false;

    public DbSet<JobRow> Jobs => Set<JobRow>();

    public DbSet<ExperimentRow> Experiments => Set<ExperimentRow>();

    public DbSet<StageRow> Stages => Set<StageRow>();

    public DbSet<EventRow> Events => Set<EventRow>();

    public DbSet<MetricRow> Metrics => Set<MetricRow>();

    public DbSet<ImportanceRow> Importance => Set<ImportanceRow>();

    public DbSet<ImportanceSummaryRow> ImportanceSummaries => Set<ImportanceSummaryRow>();

    public DbSet<CheckpointRow> Checkpoints => Set<CheckpointRow>();

    public DbSet<ArtifactRow> Artifacts => Set<ArtifactRow>();

    public DbSet<PredictionRow> Predictions => Set<PredictionRow>();

    public DbSet<PredictionPieceRow> PredictionPieces => Set<PredictionPieceRow>();

    public DbSet<EvaluationRow> Evaluations => Set<EvaluationRow>();

    public DbSet<ModelRow> Models => Set<ModelRow>();

    public DbSet<DatasetRow> Datasets => Set<DatasetRow>();

    public DbSet<FileRow> Files => Set<FileRow>();

    public DbSet<WorkerRow> Workers => Set<WorkerRow>();

    public DbSet<ApiKeyRow> ApiKeys => Set<ApiKeyRow>();

    public DbSet<PageKeyRow> PageKeys => Set<PageKeyRow>();

    public DbSet<AuditRow> Audit => Set<AuditRow>();

    public DbSet<WebhookRow> Webhooks => Set<WebhookRow>();

    public DbSet<DeliveryRow> Deliveries => Set<DeliveryRow>();

    public DbSet<AttemptRow> DeliveryAttempts => Set<AttemptRow>();

    public DbSet<IdempotencyRow> IdempotentRequests => Set<IdempotencyRow>();

    /// <summary>Whether a save violated a unique constraint.</summary>
    public abstract bool IsTaken(DbUpdateException failed);

    /// <summary>Whether a change violated a foreign key: a referenced row does not exist, or a row to remove is still referenced.</summary>
    public abstract bool IsDangling(Exception failed);

    /// <summary>Locks the job's row for the rest of the transaction: changes to one job run one after the other, and each sees the result
    /// of the one before.</summary>
    /// <remarks>
    /// Call it first in a transaction, before a row of the job is read or written, so that two changes to the same job cannot deadlock.
    /// PostgreSQL: <c>SELECT … FOR UPDATE</c>. SQLite: does nothing, as a transaction there locks the whole file (<c>BEGIN IMMEDIATE</c>).
    /// No lock is taken for a job that does not exist.
    /// </remarks>
    public abstract Task LockJobAsync(Guid job, CancellationToken cancel);

    /// <summary>Serializes changes that count an owner's jobs, for the rest of the transaction, as <see cref="LockJobAsync"/> does for one
    /// job.</summary>
    public abstract Task LockOwnerAsync(string owner, CancellationToken cancel);

    /// <summary>Locks the first events without webhook deliveries that no other process has locked, for the rest of the
    /// transaction.</summary>
    /// <remarks>PostgreSQL: <c>FOR UPDATE SKIP LOCKED</c>; in SQLite the transaction locks the whole file.</remarks>
    public abstract Task<List<EventRow>> TakeUntoldAsync(int most, CancellationToken cancel);

    /// <summary>Begins a transaction that locks a job's row: changes to one job run one after the other, and its events become visible in
    /// the order of their ids.</summary>
    public async Task<IDbContextTransaction> BeginChangeAsync(Guid job, CancellationToken cancel)
    {
        var transaction = await Database.BeginTransactionAsync(cancel);
        await LockJobAsync(job, cancel);
        return transaction;
    }

    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        configurationBuilder.Properties<JobStatus>().HaveConversion<EnumName<JobStatus>>();
        configurationBuilder.Properties<MlflowState>().HaveConversion<EnumName<MlflowState>>();
        configurationBuilder.Properties<Stage>().HaveConversion<EnumName<Stage>>();
        configurationBuilder.Properties<InputStatus>().HaveConversion<EnumName<InputStatus>>();
        configurationBuilder.Properties<EventLevel>().HaveConversion<EnumName<EventLevel>>();
        configurationBuilder.Properties<Place>().HaveConversion<EnumName<Place>>();
        configurationBuilder.Properties<ImportanceScope>().HaveConversion<EnumName<ImportanceScope>>();
        configurationBuilder.Properties<Method>().HaveConversion<MethodText>();
        configurationBuilder.Properties<Role>().HaveConversion<EnumName<Role>>();
        configurationBuilder.Properties<DeliveryStatus>().HaveConversion<EnumName<DeliveryStatus>>();
        configurationBuilder.Properties<DisabledReason>().HaveConversion<EnumName<DisabledReason>>();
    }

    /// <summary>Each row type has its mapping in its own file.</summary>
    protected override void OnModelCreating(ModelBuilder modelBuilder) =>
        modelBuilder.ApplyConfigurationsFromAssembly(typeof(JobsContext).Assembly);

    public override int SaveChanges(bool acceptAllChangesOnSuccess) => throw new NotSupportedException("Save asynchronously.");

    public override Task<int> SaveChangesAsync(bool acceptAllChangesOnSuccess, CancellationToken cancellationToken = default)
    {
        CountVersions();
        return base.SaveChangesAsync(acceptAllChangesOnSuccess, cancellationToken);
    }

    /// <summary>A change to a row, or to a job's stage, is a new version for readers.</summary>
    private void CountVersions()
    {
        foreach (var stage in ChangeTracker.Entries<StageRow>().Where(e => e.State == EntityState.Modified).ToList())
            if (Jobs.Local.FindEntry(stage.Entity.JobId) is { State: EntityState.Unchanged } job) job.State = EntityState.Modified;
        foreach (var job in ChangeTracker.Entries<JobRow>().Where(e => e.State == EntityState.Modified)) job.Entity.Version++;
        foreach (var input in ChangeTracker.Entries<InputRow>().Where(e => e.State == EntityState.Modified)) input.Entity.Version++;
    }

    /// <summary>Stores a tuning method by its name.</summary>
    private sealed class MethodText() : ValueConverter<Method, string>(method => method.Name, name => Methods.Find(name)!);

    /// <summary>Stores enums by their JSON names, so that the tables are readable.</summary>
    private sealed class EnumName<T>() : ValueConverter<T, string>(value => JsonText.NameOf(value), text => Parse(text)) where T : struct,
        Enum
    {
        private static readonly Dictionary<string, T> ByName = Enum.GetValues<T>().ToDictionary(value => JsonText.NameOf(value));

        private static T Parse(string text) => ByName[text];
    }
}
