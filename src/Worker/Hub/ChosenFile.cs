namespace LoraDrop.Worker;

/// <summary>A file to fetch.</summary>
/// <param name="File">What the repository has.</param>
/// <param name="Name">What it is to be called in the target folder; a plain name.</param>
internal sealed record ChosenFile(RepositoryFile File, string Name)
{
    /// <summary>Published as <c>.json</c> and taken for <c>.jsonl</c>: what it holds decides.</summary>
    public bool IsNamedByContent => File.Extension == ".json" && Path.GetExtension(Name) == ".jsonl";
}
