using LoraDrop.Domain;

namespace LoraDrop.Worker;

/// <summary>A repository of the hub at one commit.</summary>
/// <param name="Address">Its address on the hub.</param>
/// <param name="Path">The path in the request to which faults refer.</param>
/// <param name="Refusal">Explains refusals of the hub.</param>
/// <param name="Commit">The commit, in full.</param>
/// <param name="Files">All its files.</param>
internal sealed record HubRepository(RepositoryAddress Address, string Path, HubRefusal Refusal, string Commit,
    IReadOnlyList<RepositoryFile> Files)
{
    public PublishedFiles Published => new(Address.Name, Path, Files.Select(file => file.Path).ToHashSet(),
        "Look for a revision with model.safetensors, often @refs/pr/1, or convert it");

    public RepositoryFile? Find(string path) => Files.FirstOrDefault(file => file.Path == path);

    public Uri AddressOf(RepositoryFile file) => Address.OfFile(Commit, file.Path);

    public RefusedInputException Refused(string message) => new(Path, message);
}
