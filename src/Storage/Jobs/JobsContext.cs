using System.Text.Json;
using LoraDrop.Domain;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace LoraDrop.Storage;

/// <summary>The rows. A class derives from it for each database, so that each has its own migrations.</summary>
public abstract class JobsContext : DbContext
{
    private const string NotDeleted = "deleted_at IS NULL";

    protected JobsContext(DbContextOptions options) : base(options) => Database.AutoSavepointsEnabled = false; // a change that fails is made again whole

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

    /// <summary>Whether a change failed because a row is not there that another one points to, or because one is that still points to what was to go.</summary>
    public abstract bool IsDangling(Exception failed);

    /// <summary>Takes the job's row for the rest of the transaction: changes of one job come one after the other, and each sees what the one before it wrote.</summary>
    /// <remarks>
    /// First in a transaction, before a row of the job is read or written; so no two that change the same job wait for each other for ever.
    /// In PostgreSQL by <c>SELECT … FOR UPDATE</c>. In SQLite it does nothing: a transaction there begins with the whole file in hand (<c>BEGIN IMMEDIATE</c>).
    /// Of a job that is not there nothing is taken.
    /// </remarks>
    public abstract Task LockJobAsync(Guid job, CancellationToken cancel);

    /// <summary>Lets the changes that count an owner's jobs come one after the other, for the rest of the transaction. As <see cref="LockJobAsync"/> does it for a job.</summary>
    public abstract Task LockOwnerAsync(string owner, CancellationToken cancel);

    /// <summary>Takes events that webhooks are still to be told of, the first ones that nobody else has, for the rest of the transaction.</summary>
    /// <remarks>In PostgreSQL by <c>FOR UPDATE SKIP LOCKED</c>; in SQLite the transaction has the whole file.</remarks>
    public abstract Task<List<EventRow>> TakeUntoldAsync(int most, CancellationToken cancel);

    /// <summary>Begins a change of a job and takes its row: changes of one job come one after the other, and its events are seen in the order of their ids.</summary>
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

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<JobRow>(job =>
        {
            job.ToTable("jobs");
            job.Property(j => j.Version).IsConcurrencyToken();
            AsJson(job.Property(j => j.Failure));
            job.HasOne(j => j.Model).WithMany().HasForeignKey(j => j.ModelId).OnDelete(DeleteBehavior.Restrict);
            job.HasOne(j => j.Dataset).WithMany().HasForeignKey(j => j.DatasetId).OnDelete(DeleteBehavior.Restrict);
            job.HasMany(j => j.Stages).WithOne().HasForeignKey(s => s.JobId);
            job.HasMany(j => j.Labels).WithOne().HasForeignKey(l => l.JobId);
            job.HasIndex(j => j.MlflowState).HasFilter("mlflow_state IN ('pending', 'running')").HasDatabaseName("ix_jobs_mlflow_open");
            // A list has the newest first: each filter has an index that holds its jobs in this order, and tells of each what the other filters ask for.
            job.HasIndex(j => new { j.Status, j.Id, j.ModelId, j.DatasetId, j.Method, j.Owner }).HasFilter(NotDeleted);
            job.HasIndex(j => new { j.ModelId, j.Id, j.Status, j.DatasetId, j.Method, j.Owner });
            job.HasIndex(j => new { j.DatasetId, j.Id, j.Status, j.ModelId, j.Method, j.Owner });
            job.HasIndex(j => new { j.Method, j.Id, j.Status, j.ModelId, j.DatasetId, j.Owner }).HasFilter(NotDeleted);
            job.HasIndex(j => new { j.Owner, j.Id, j.Status, j.ModelId, j.DatasetId, j.Method }).HasFilter(NotDeleted);
            job.HasIndex(j => j.DeletedAt).HasFilter("deleted_at IS NOT NULL");
        });
        modelBuilder.Entity<LabelRow>(label =>
        {
            label.ToTable("job_labels");
            label.HasKey(l => new { l.JobId, l.Name });
            label.HasIndex(l => new { l.Name, l.Value, l.JobId });
        });
        modelBuilder.Entity<StageRow>(stage =>
        {
            stage.ToTable("stages");
            stage.HasKey(s => new { s.JobId, s.Stage });
            AsJson(stage.Property(s => s.Parameters));
            stage.HasIndex(s => new { s.Priority, s.Stage, s.QueuedAt, s.JobId }).IsDescending(false, true, false, false).HasFilter("status = 'queued'").HasDatabaseName("ix_stages_queue");
            stage.HasIndex(s => s.LeaseUntil).HasFilter("status = 'running'").HasDatabaseName("ix_stages_running");
            stage.HasIndex(s => s.ContentKey);
        });
        modelBuilder.Entity<EventRow>(happened =>
        {
            happened.ToTable("events");
            happened.HasOne<JobRow>().WithMany().HasForeignKey(e => e.JobId);
            happened.HasIndex(e => new { e.JobId, e.Id });
            happened.HasIndex(e => e.Id).HasFilter("untold").HasDatabaseName("ix_events_untold");
        });
        modelBuilder.Entity<MetricRow>(metric =>
        {
            metric.ToTable("metrics");
            metric.HasKey(m => new { m.JobId, m.Name, m.Stage, m.Step });
            metric.HasOne<JobRow>().WithMany().HasForeignKey(m => m.JobId);
        });
        modelBuilder.Entity<ImportanceRow>(importance =>
        {
            importance.ToTable("importance");
            importance.HasKey(i => new { i.JobId, i.Type, i.Layer });
            AsJson(importance.Property(i => i.Norms));
            importance.HasOne<JobRow>().WithMany().HasForeignKey(i => i.JobId);
        });
        modelBuilder.Entity<ImportanceSummaryRow>(summary =>
        {
            summary.ToTable("importance_summaries");
            summary.HasKey(s => s.JobId);
            AsJson(summary.Property(s => s.Remarks));
            summary.HasOne<JobRow>().WithOne().HasForeignKey<ImportanceSummaryRow>(s => s.JobId);
        });
        modelBuilder.Entity<CheckpointRow>(checkpoint =>
        {
            checkpoint.ToTable("checkpoints");
            checkpoint.HasKey(c => new { c.JobId, c.Stage, c.Step });
            AsJson(checkpoint.Property(c => c.Scores));
            AsJson(checkpoint.Property(c => c.Files));
            checkpoint.HasOne<JobRow>().WithMany().HasForeignKey(c => c.JobId);
        });
        modelBuilder.Entity<ArtifactRow>(artifact =>
        {
            artifact.ToTable("artifacts");
            artifact.HasKey(a => new { a.JobId, a.Name });
            artifact.HasOne<JobRow>().WithMany().HasForeignKey(a => a.JobId);
        });
        Map<ModelRow>(modelBuilder, "models", row => AsJson(row.Property(m => m.Facts)));
        Map<DatasetRow>(modelBuilder, "datasets", row =>
        {
            AsJson(row.Property(d => d.Facts));
            row.HasOne<FileRow>().WithMany().HasForeignKey(d => d.TrainFileId).OnDelete(DeleteBehavior.Restrict);
            row.HasOne<FileRow>().WithMany().HasForeignKey(d => d.ValidationFileId).OnDelete(DeleteBehavior.Restrict);
        });
        modelBuilder.Entity<FileRow>(file =>
        {
            file.ToTable("files");
            file.HasIndex(f => new { f.Owner, f.Id }).HasFilter(NotDeleted);
        });
        modelBuilder.Entity<WorkerRow>(worker =>
        {
            worker.ToTable("workers");
            AsJson(worker.Property(w => w.Labels));
            worker.Ignore(w => w.DeviceName);
        });
        modelBuilder.Entity<ApiKeyRow>(key =>
        {
            key.ToTable("api_keys");
            key.HasIndex(k => k.Prefix).IsUnique();
        });
        modelBuilder.Entity<WebhookRow>(webhook =>
        {
            webhook.ToTable("webhooks");
            AsJson(webhook.Property(w => w.Types));
            webhook.HasIndex(w => new { w.Owner, w.Id });
        });
        modelBuilder.Entity<DeliveryRow>(delivery =>
        {
            delivery.ToTable("deliveries");
            delivery.HasOne<WebhookRow>().WithMany().HasForeignKey(d => d.WebhookId);
            delivery.HasMany(d => d.Log).WithOne().HasForeignKey(a => a.DeliveryId);
            delivery.HasIndex(d => new { d.WebhookId, d.EventId }).IsUnique(); // a webhook is told of an event once, whoever tells it
            delivery.HasIndex(d => new { d.WebhookId, d.Id });
            delivery.HasIndex(d => d.NextAt).HasFilter("status = 'pending'").HasDatabaseName("ix_deliveries_due");
            delivery.HasIndex(d => d.CreatedAt);
        });
        modelBuilder.Entity<AttemptRow>(attempt =>
        {
            attempt.ToTable("delivery_attempts");
            attempt.HasKey(a => new { a.DeliveryId, a.Number });
        });
        modelBuilder.Entity<AuditRow>(change => change.ToTable("audit"));
        modelBuilder.Entity<IdempotencyRow>(request =>
        {
            request.ToTable("idempotent_requests");
            request.HasKey(r => new { r.Owner, r.Key });
            request.HasIndex(r => r.CreatedAt);
            AsJson(request.Property(r => r.Headers));
        });
    }

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

    private static void Map<T>(ModelBuilder model, string table, Action<EntityTypeBuilder<T>> facts) where T : InputRow => model.Entity<T>(row =>
    {
        row.ToTable(table);
        row.HasIndex(r => new { r.Name, r.Owner }).IsUnique();
        row.HasIndex(r => r.FormerName);
        row.HasIndex(r => r.Source);
        row.HasIndex(r => r.Id, $"ix_{table}_preparing").HasFilter("status = 'preparing'");
        row.HasIndex(r => r.Id, $"ix_{table}_registered").HasFilter("name IS NOT NULL"); // the list of those that somebody registered: jobs may bring thousands of others
        row.Property(r => r.Version).IsConcurrencyToken();
        AsJson(row.Property(r => r.Failure));
        AsJson(row.Property(r => r.Files));
        facts(row);
    });

    private static void AsJson<T>(PropertyBuilder<T> property)
    {
        property.HasConversion(
            new ValueConverter<T, string>(value => JsonSerializer.Serialize(value, JsonText.Compact), text => JsonSerializer.Deserialize<T>(text, JsonText.Compact)!),
            // What was not replaced is not changed. Without this a save writes the facts of each model and dataset that it has seen as JSON eight times, only to compare.
            new ValueComparer<T>((a, b) => ReferenceEquals(a, b) || JsonSerializer.Serialize(a, JsonText.Compact) == JsonSerializer.Serialize(b, JsonText.Compact),
                value => JsonSerializer.Serialize(value, JsonText.Compact).GetHashCode(StringComparison.Ordinal), value => value));
    }

    /// <summary>Choices are stored as JSON spells them, so that a person can read the table.</summary>
    private sealed class Spelled<T>() : ValueConverter<T, string>(value => JsonText.NameOf(value), text => Parse(text)) where T : struct, Enum
    {
        private static readonly Dictionary<string, T> ByName = Enum.GetValues<T>().ToDictionary(value => JsonText.NameOf(value));

        private static T Parse(string text) => ByName[text];
    }
}
