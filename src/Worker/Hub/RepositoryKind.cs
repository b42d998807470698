namespace LoraDrop.Worker;

/// <summary>The kind of a hub repository, which determines its URLs.</summary>
internal enum RepositoryKind
{
    Model,
    Dataset,
}
