using LoraDrop.Domain;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace LoraDrop.Storage;

/// <summary>Whether a model or a dataset can be used.</summary>
public enum InputStatus
{
    /// <summary>Being fetched or validated.</summary>
    Preparing,

    Ready,

    /// <summary>Cannot be used; the failure says why.</summary>
    Failed,
}

/// <summary>The common columns of models and datasets, which have a table each.</summary>
public abstract class InputRow
{
    public Guid Id { get; init; }

    /// <summary>The owner; <see cref="Caller.Nobody"/> if shared by everyone, or if a job's source brought it.</summary>
    public string Owner { get; init; } = Caller.Nobody;

    /// <summary>The name it was registered or uploaded under, unique per owner; null if a job named its source, or after
    /// deletion.</summary>
    public string? Name { get; set; }

    /// <summary>The name it had before its deletion: ended jobs still show it.</summary>
    public string? FormerName { get; set; }

    public DateTimeOffset? DeletedAt { get; set; }

    /// <summary><c>hf:…</c>, <c>file:…</c>, <c>s3://…</c>, or for a dataset <c>upload</c>, or <c>upload:…</c> with the ids of its files if
    /// they were uploaded one by one.</summary>
    public required string Source { get; init; }

    /// <summary>The commit in the hub's repository.</summary>
    public string? Commit { get; set; }

    public InputStatus Status { get; set; }

    /// <summary>The number of preparation attempts: the fencing token, as for a stage.</summary>
    public int Attempt { get; set; }

    /// <summary>The worker that prepares it.</summary>
    public string? LeaseOwner { get; set; }

    /// <summary>The end of that worker's lease; null while no worker has it.</summary>
    public DateTimeOffset? LeaseUntil { get; set; }

    public long Version { get; set; }

    public Failure? Failure { get; set; }

    /// <summary>Its files by name (<c>train.tsv</c>), with their object keys. Empty for a model read in place; for a dataset's file read in
    /// place, the key is its path.</summary>
    public List<StoredFile> Files { get; set; } = [];

    /// <summary>Sizes and times of files read in place, for a quick check that they have not changed.</summary>
    public string? Fingerprint { get; init; }

    /// <summary>Bytes fetched so far, and in total.</summary>
    public long Fetched { get; set; }

    public long FetchTotal { get; set; }

    /// <summary>W3C traceparent of the request that brought it: its preparation is part of that trace.</summary>
    public string? TraceParent { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? ReadyAt { get; set; }
}

/// <summary>The mapping shared by models and datasets.</summary>
internal abstract class InputRowMapping<T>(string table) : IEntityTypeConfiguration<T> where T : InputRow
{
    public virtual void Configure(EntityTypeBuilder<T> builder)
    {
        builder.ToTable(table);
        builder.HasIndex(r => new { r.Name, r.Owner }).IsUnique();
        builder.HasIndex(r => r.FormerName);
        builder.HasIndex(r => r.Source);
        builder.HasIndex(r => r.Id, $"ix_{table}_preparing").HasFilter("status = 'preparing'");
        // for listing registered inputs: jobs may bring thousands of others
        builder.HasIndex(r => r.Id, $"ix_{table}_registered").HasFilter("name IS NOT NULL");
        builder.Property(r => r.Version).IsConcurrencyToken();
        builder.Property(r => r.Failure).AsJson();
        builder.Property(r => r.Files).AsJson();
    }
}

/// <summary>A base model.</summary>
public sealed class ModelRow : InputRow
{
    /// <summary>Facts found by its preparation; set when it is ready.</summary>
    public ModelSummary? Facts { get; set; }
}

internal sealed class ModelRowMapping() : InputRowMapping<ModelRow>("models")
{
    public override void Configure(EntityTypeBuilder<ModelRow> builder)
    {
        base.Configure(builder);
        builder.Property(m => m.Facts).AsJson();
    }
}

/// <summary>A dataset: one file per split.</summary>
public sealed class DatasetRow : InputRow
{
    /// <summary>The preset that selects part of a hub's repository.</summary>
    public string? Preset { get; init; }

    /// <summary>The id of the training split's file, if files were uploaded one by one.</summary>
    public Guid? TrainFileId { get; init; }

    /// <summary>The id of the validation split's file, likewise.</summary>
    public Guid? ValidationFileId { get; init; }

    /// <summary>Facts found by its validation; set when it is ready.</summary>
    public DatasetSummary? Facts { get; set; }

    /// <summary>sha256 over the splits' names and digests; null until it is ready.</summary>
    public string? Sha256 { get; set; }
}

internal sealed class DatasetRowMapping() : InputRowMapping<DatasetRow>("datasets")
{
    public override void Configure(EntityTypeBuilder<DatasetRow> builder)
    {
        base.Configure(builder);
        builder.Property(d => d.Facts).AsJson();
        builder.HasOne<FileRow>().WithMany().HasForeignKey(d => d.TrainFileId).OnDelete(DeleteBehavior.Restrict);
        builder.HasOne<FileRow>().WithMany().HasForeignKey(d => d.ValidationFileId).OnDelete(DeleteBehavior.Restrict);
    }
}
