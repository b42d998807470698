using LoraDrop.Domain;
using LoraDrop.Storage;

namespace LoraDrop.Api;

/// <summary>A file that a job left.</summary>
/// <param name="Name">As in the folder of a run: adapter/adapter_model.safetensors.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Sha256">Its digest, which is its ETag too.</param>
/// <param name="ContentType">What is in it.</param>
/// <param name="Stage">The stage that left it.</param>
/// <param name="CreatedAt">When.</param>
/// <param name="Href">Where it is downloaded from the service.</param>
/// <param name="DownloadUrl">Where it is downloaded straight from the object store, by whoever has this address; absent where the store gives none, as a folder.</param>
/// <param name="DownloadUrlExpiresAt">Until when that address is good: an hour after it was listed.</param>
public sealed record ArtifactView(string Name, long Bytes, string Sha256, string ContentType, Stage Stage, DateTimeOffset CreatedAt, string Href, string? DownloadUrl = null, DateTimeOffset? DownloadUrlExpiresAt = null)
{
    internal static ArtifactView Of(ArtifactRow row, Uri? address, DateTimeOffset expires) =>
        new(row.Name, row.Bytes, row.Sha256, ContentTypes.Of(row.Name).Type, row.Stage, row.CreatedAt,
            $"/jobs/{row.JobId}/artifacts/{string.Join('/', row.Name.Split('/').Select(Uri.EscapeDataString))}", address?.AbsoluteUri, address is null ? null : expires);
}

/// <summary>The files that a job left.</summary>
/// <param name="Items">By name.</param>
public sealed record ArtifactList(IReadOnlyList<ArtifactView> Items);

/// <summary>A point from which a stage can go on.</summary>
/// <param name="Stage">The stage.</param>
/// <param name="Step">After this optimiser step.</param>
/// <param name="Attempt">The attempt that wrote it.</param>
/// <param name="At">When.</param>
/// <param name="Bytes">The size of its file.</param>
/// <param name="Sha256">The digest of its file.</param>
/// <param name="Scores">The figures of the evaluation at this step, if there was one.</param>
/// <param name="Available">Whether it can still be downloaded: only the newest of a stage is kept.</param>
/// <param name="Href">Where, if so.</param>
public sealed record CheckpointView(
    Stage Stage, int Step, int Attempt, DateTimeOffset At, long Bytes, string Sha256, IReadOnlyDictionary<string, double>? Scores, bool Available, string? Href)
{
    internal static CheckpointView Of(CheckpointRow row)
    {
        var available = FileOf(row) is not null;
        return new(row.Stage, row.Step, row.Attempt, row.At, row.Bytes, row.Sha256, row.Scores is { } scores ? ApiJson.Finite(scores) : null, available,
            available ? $"/jobs/{row.JobId}/checkpoints/{JsonText.NameOf(row.Stage)}/{row.Step}" : null);
    }

    /// <summary>The file that can be downloaded, among all that a resumed run needs.</summary>
    internal static StoredFile? FileOf(CheckpointRow row) => row.Files.FirstOrDefault(f => f.Name.EndsWith("checkpoint.safetensors"));
}

/// <summary>The checkpoints of a job.</summary>
/// <param name="Items">By stage and step.</param>
public sealed record CheckpointList(IReadOnlyList<CheckpointView> Items);
