namespace LoraDrop.Worker;

/// <summary>What a repository of the hub holds; it decides its addresses.</summary>
internal enum RepositoryKind
{
    Model,
    Dataset,
}
