using LoraDrop.Domain;

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

/// <summary>A base model.</summary>
public sealed class ModelRow
{
    public Guid Id { get; init; }

    /// <summary>The name it was registered under; null where a job named its source, or when it was deleted.</summary>
    public string? Name { get; set; }

    /// <summary>The name that it had before it was deleted: ended jobs still show it.</summary>
    public string? FormerName { get; set; }

    public DateTimeOffset? DeletedAt { get; set; }

    /// <summary><c>hf:…</c> or <c>file:…</c></summary>
    public required string Source { get; init; }

    /// <summary>The commit of the hub's repository.</summary>
    public string? Commit { get; set; }

    public InputStatus Status { get; set; }

    public long Version { get; set; }

    public Failure? Failure { get; set; }

    /// <summary>What is known of it, when it is ready.</summary>
    public ModelFacts? Facts { get; set; }

    /// <summary>Where its files rest; none where they are read in place.</summary>
    public List<StoredFile> Files { get; set; } = [];

    /// <summary>Sizes and times of a folder that is read in place, to see quickly that it has changed.</summary>
    public string? Fingerprint { get; init; }

    /// <summary>Bytes fetched so far, of how many.</summary>
    public long Fetched { get; set; }

    public long FetchTotal { get; set; }

    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? ReadyAt { get; set; }
}

/// <summary>A dataset: a file per split.</summary>
public sealed class DatasetRow
{
    public Guid Id { get; init; }

    /// <summary>The name it was uploaded under; null where a job named its source, or when it was deleted.</summary>
    public string? Name { get; set; }

    /// <summary>The name that it had before it was deleted: ended jobs still show it.</summary>
    public string? FormerName { get; set; }

    public DateTimeOffset? DeletedAt { get; set; }

    /// <summary><c>upload</c>, <c>hf:…</c> or <c>file:…</c></summary>
    public required string Source { get; init; }

    /// <summary>The preset whose part of a hub's repository is meant.</summary>
    public string? Preset { get; init; }

    public string? Commit { get; set; }

    public InputStatus Status { get; set; }

    public long Version { get; set; }

    public Failure? Failure { get; set; }

    public DatasetFacts? Facts { get; set; }

    /// <summary>sha256 over the splits' names and digests; null until it is ready.</summary>
    public string? Sha256 { get; set; }

    /// <summary>The splits' files (<c>train.tsv</c>) and where they rest; the key of a file that is read in place is its path.</summary>
    public List<StoredFile> Files { get; set; } = [];

    public string? Fingerprint { get; init; }

    public long Fetched { get; set; }

    public long FetchTotal { get; set; }

    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? ReadyAt { get; set; }
}
