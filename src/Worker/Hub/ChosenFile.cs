namespace LoraDrop.Worker;

/// <summary>A file to fetch.</summary>
/// <param name="File">The file in the repository.</param>
/// <param name="Name">File name in the target folder.</param>
internal sealed record ChosenFile(RepositoryFile File, string Name)
{
    /// <summary>Whether the content decides between <c>.json</c> and <c>.jsonl</c>: both are published as <c>.json</c>.</summary>
    public bool IsNamedByContent => File.Extension == ".json" && Path.GetExtension(Name) == ".jsonl";
}
