using LoraDrop.Domain;
using LoraDrop.Storage;

namespace LoraDrop.Api;

/// <summary>A file produced by a job.</summary>
/// <param name="Name">Name relative to the run's folder, such as adapter/adapter_model.safetensors.</param>
/// <param name="Bytes">Size in bytes.</param>
/// <param name="Sha256">SHA-256 digest, also used as ETag.</param>
/// <param name="ContentType">Media type of the file.</param>
/// <param name="Stage">The stage that produced it.</param>
/// <param name="CreatedAt">When it was created.</param>
/// <param name="Href">Path to download it from the service.</param>
/// <param name="DownloadUrl">Presigned URL to download it from the object store without a key; absent if the store is a folder.</param>
/// <param name="DownloadUrlExpiresAt">When the presigned URL expires, one hour after the request.</param>
public sealed record ArtifactView(string Name, long Bytes, string Sha256, string ContentType, Stage Stage, DateTimeOffset CreatedAt,
    string Href, string? DownloadUrl = null, DateTimeOffset? DownloadUrlExpiresAt = null)
{
    internal static ArtifactView Of(ArtifactRow row, Uri? address, DateTimeOffset expires) =>
        new(row.Name, row.Bytes, row.Sha256, ContentTypes.Of(row.Name).Type, row.Stage, row.CreatedAt,
            $"/jobs/{row.JobId}/artifacts/{string.Join('/', row.Name.Split('/').Select(Uri.EscapeDataString))}", address?.AbsoluteUri,
            address is null ? null : expires);
}

/// <summary>The artifacts of a job.</summary>
/// <param name="Items">Ordered by name.</param>
public sealed record ArtifactList(IReadOnlyList<ArtifactView> Items);

/// <summary>A checkpoint from which a stage can resume.</summary>
/// <param name="Stage">The stage.</param>
/// <param name="Step">Optimiser step after which it was saved.</param>
/// <param name="Attempt">The attempt that saved it.</param>
/// <param name="At">Time of the event.</param>
/// <param name="Bytes">File size in bytes.</param>
/// <param name="Sha256">SHA-256 digest of the file.</param>
/// <param name="Scores">Scores of the evaluation at this step, if there was one.</param>
/// <param name="Available">Whether it can be downloaded; only the latest of a stage is kept.</param>
/// <param name="Href">Path to download it; absent if not available.</param>
public sealed record CheckpointView(
    Stage Stage, int Step, int Attempt, DateTimeOffset At, long Bytes, string Sha256, IReadOnlyDictionary<string, double>? Scores,
    bool Available, string? Href)
{
    internal static CheckpointView Of(CheckpointRow row)
    {
        var available = FileOf(row) is not null;
        return new(row.Stage, row.Step, row.Attempt, row.At, row.Bytes, row.Sha256, row.Scores is { } scores
            ? ApiJson.Finite(scores)
            : null, available,
            available ? $"/jobs/{row.JobId}/checkpoints/{JsonText.NameOf(row.Stage)}/{row.Step}" : null);
    }

    /// <summary>The downloadable file among those a resumed run needs.</summary>
    internal static StoredFile? FileOf(CheckpointRow row) => row.Files.FirstOrDefault(f => f.Name.EndsWith("checkpoint.safetensors"));
}

/// <summary>The checkpoints of a job.</summary>
/// <param name="Items">Ordered by stage and step.</param>
public sealed record CheckpointList(IReadOnlyList<CheckpointView> Items);
