namespace LoraDrop.Worker;

/// <summary>A file to fetch.</summary>
/// <param name="File">What the repository has.</param>
/// <param name="Name">What it is to be called in the target folder; a plain name.</param>
internal sealed record ChosenFile(RepositoryFile File, string Name)
{
    /// <summary>Published as <c>.json</c> and wanted as <c>.jsonl</c>, which is right only if that is what it holds.</summary>
    public bool IsToBeJsonLines => File.Extension == ".json" && Path.GetExtension(Name) == ".jsonl";
}
