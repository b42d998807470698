namespace LoraDrop.Worker;

/// <summary>The fetched files and commit, which identify the input of a run.</summary>
/// <param name="Commit">The commit of the revision.</param>
/// <param name="Config">The selected config of a dataset; null for a model.</param>
/// <param name="Files">The files in the target folder.</param>
public sealed record HubSnapshot(string Commit, string? Config, IReadOnlyList<HubFile> Files);

/// <summary>One fetched file.</summary>
/// <param name="Name">Its name in the target folder.</param>
/// <param name="Path">Its path in the repository.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Sha256">Of the bytes in the target folder, in lower-case hex.</param>
public sealed record HubFile(string Name, string Path, long Size, string Sha256);
