using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace LoraDrop.Storage;

/// <summary>A file that was uploaded by itself, for jobs to name. Its content is stored once, however many jobs use it.</summary>
public sealed class FileRow
{
    /// <summary>A version 7 GUID, so ids sort by creation time.</summary>
    public Guid Id { get; init; }

    /// <summary>The owner; <see cref="Caller.Nobody"/> on a service that serves only its own machine.</summary>
    public string Owner { get; init; } = Caller.Nobody;

    /// <summary>The name its uploader gave it. Only displayed, never used as a path.</summary>
    public required string Name { get; init; }

    /// <summary>The file name's extension, which selects the reader: <c>.jsonl</c>, <c>.txt.gz</c>, …
    /// (<see cref="Domain.DataFormat.Extensions"/>).</summary>
    public required string Format { get; init; }

    public required string Key { get; init; }

    public long Bytes { get; init; }

    public required string Sha256 { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>When a user deleted it: it is hidden, and removed with the last dataset that uses it.</summary>
    public DateTimeOffset? DeletedAt { get; set; }
}

internal sealed class FileRowMapping : IEntityTypeConfiguration<FileRow>
{
    public void Configure(EntityTypeBuilder<FileRow> builder)
    {
        builder.ToTable("files");
        builder.HasIndex(f => new { f.Owner, f.Id }).HasFilter(JobsContext.NotDeleted);
    }
}
