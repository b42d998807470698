using LoraDrop.Domain;

namespace LoraDrop.Worker;

/// <summary>A repository of the hub at one commit.</summary>
/// <param name="Address">Where the hub has it.</param>
/// <param name="Path">Where it stands in the request; what is wrong with it is a fault there.</param>
/// <param name="Refusal">Explains why the hub does not give a file.</param>
/// <param name="Commit">The commit, in full.</param>
/// <param name="Files">All its files.</param>
internal sealed record HubRepository(RepositoryAddress Address, string Path, HubRefusal Refusal, string Commit, IReadOnlyList<RepositoryFile> Files)
{
    public PublishedFiles Published => new(Address.Name, Path, Files.Select(file => file.Path).ToHashSet(), "Look for a revision with model.safetensors, often @refs/pr/1, or convert it");

    public RepositoryFile? Find(string path) => Files.FirstOrDefault(file => file.Path == path);

    public Uri AddressOf(RepositoryFile file) => Address.OfFile(Commit, file.Path);

    public RefusedInputException Refused(string message) => new(Path, message);
}
