using LoraDrop.Domain;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace LoraDrop.Storage;

/// <summary>Whether a model or a dataset can be used.</summary>
public enum InputStatus
{
    /// <summary>It is being fetched or validated.</summary>
    Preparing,

    Ready,

    /// <summary>It cannot be used; the failure says why.</summary>
    Failed,
}

/// <summary>What a model and a dataset have in common: a table of its own holds each.</summary>
public abstract class InputRow
{
    public Guid Id { get; init; }

    /// <summary>Whose it is; <see cref="Caller.Nobody"/> for what is everybody's, and for what jobs brought by its source.</summary>
    public string Owner { get; init; } = Caller.Nobody;

    /// <summary>The name it was registered or uploaded under, which its owner has once; null where a job named its source, or when it was
    /// deleted.</summary>
    public string? Name { get; set; }

    /// <summary>The name that it had before it was deleted: ended jobs still show it.</summary>
    public string? FormerName { get; set; }

    public DateTimeOffset? DeletedAt { get; set; }

    /// <summary><c>hf:…</c>, <c>file:…</c>, <c>s3://…</c>, or of a dataset <c>upload</c>, and <c>upload:…</c> with the ids of its files
    /// where they were sent one by one.</summary>
    public required string Source { get; init; }

    /// <summary>The commit of the hub's repository.</summary>
    public string? Commit { get; set; }

    public InputStatus Status { get; set; }

    /// <summary>How often its preparation was taken up: the fencing token, as of a stage.</summary>
    public int Attempt { get; set; }

    /// <summary>The worker that prepares it.</summary>
    public string? LeaseOwner { get; set; }

    /// <summary>Until when that worker may be silent; null while nobody has it.</summary>
    public DateTimeOffset? LeaseUntil { get; set; }

    public long Version { get; set; }

    public Failure? Failure { get; set; }

    /// <summary>Its files (<c>train.tsv</c>) and where they rest. Of a model that is read in place there are none; the key of a dataset's
    /// file that is read in place is its path.</summary>
    public List<StoredFile> Files { get; set; } = [];

    /// <summary>Sizes and times of what is read in place, to see quickly that it has changed.</summary>
    public string? Fingerprint { get; init; }

    /// <summary>Bytes fetched so far, of how many.</summary>
    public long Fetched { get; set; }

    public long FetchTotal { get; set; }

    /// <summary>W3C's traceparent of the request that brought it: its preparation is part of that trace.</summary>
    public string? TraceParent { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? ReadyAt { get; set; }
}

/// <summary>The mapping that models and datasets share.</summary>
internal abstract class InputRowMapping<T>(string table) : IEntityTypeConfiguration<T> where T : InputRow
{
    public virtual void Configure(EntityTypeBuilder<T> builder)
    {
        builder.ToTable(table);
        builder.HasIndex(r => new { r.Name, r.Owner }).IsUnique();
        builder.HasIndex(r => r.FormerName);
        builder.HasIndex(r => r.Source);
        builder.HasIndex(r => r.Id, $"ix_{table}_preparing").HasFilter("status = 'preparing'");
        // for the list of registered ones: jobs may bring thousands of others
        builder.HasIndex(r => r.Id, $"ix_{table}_registered").HasFilter("name IS NOT NULL");
        builder.Property(r => r.Version).IsConcurrencyToken();
        builder.Property(r => r.Failure).AsJson();
        builder.Property(r => r.Files).AsJson();
    }
}

/// <summary>A base model.</summary>
public sealed class ModelRow : InputRow
{
    /// <summary>What is known of it, when it is ready.</summary>
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

/// <summary>A dataset: a file per split.</summary>
public sealed class DatasetRow : InputRow
{
    /// <summary>The preset whose part of a hub's repository is meant.</summary>
    public string? Preset { get; init; }

    /// <summary>The file that its training split is, where files were sent one by one.</summary>
    public Guid? TrainFileId { get; init; }

    /// <summary>The file that its validation split is, likewise.</summary>
    public Guid? ValidationFileId { get; init; }

    /// <summary>What is known of it, when it is ready.</summary>
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
