using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace LoraDrop.Storage;

/// <summary>A file that somebody sent by itself, to be named by jobs. Its content is stored once, however many jobs learn from
/// it.</summary>
public sealed class FileRow
{
    /// <summary>A version 7 GUID: the order of ids is that of creation.</summary>
    public Guid Id { get; init; }

    /// <summary>Whose it is; <see cref="Caller.Nobody"/> on a service that is open to its own machine.</summary>
    public string Owner { get; init; } = Caller.Nobody;

    /// <summary>As its sender calls it. It is shown and never becomes a path.</summary>
    public required string Name { get; init; }

    /// <summary>How it is read, as the end of a file's name: <c>.jsonl</c>, <c>.txt.gz</c>, …
    /// (<see cref="Domain.DataFormat.Extensions"/>).</summary>
    public required string Format { get; init; }

    public required string Key { get; init; }

    public long Bytes { get; init; }

    public required string Sha256 { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>When a person deleted it: nobody sees it any more, and it goes with the last dataset that was made from it.</summary>
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
