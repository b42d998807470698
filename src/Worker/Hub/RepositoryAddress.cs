using LoraDrop.Domain;

namespace LoraDrop.Worker;

/// <summary>The URLs of a hub repository.</summary>
internal sealed record RepositoryAddress(string Endpoint, RepositoryKind Kind, Source.Hub Source)
{
    public string Name => Source.Repository;

    public string Revision => Source.Revision ?? "main";

    /// <summary>model or dataset.</summary>
    public string KindName => Kind == RepositoryKind.Model ? "model" : "dataset";

    /// <summary>URL of the repository's web page.</summary>
    public string Page => Kind == RepositoryKind.Model ? $"{Root}/{Name}" : $"{Root}/datasets/{Name}";

    /// <summary>URL of the revision's commit.</summary>
    public Uri OfRevision() => new($"{Api}/revision/{Uri.EscapeDataString(Revision)}");

    /// <summary>URL of the list of all files.</summary>
    public Uri OfTree(string commit) => new($"{Api}/tree/{commit}?recursive=true");

    /// <summary>URL of a file's content.</summary>
    public Uri OfFile(string commit, string path) =>
        new($"{Page}/resolve/{commit}/{string.Join('/', path.Split('/').Select(Uri.EscapeDataString))}");

    private string Root => Endpoint.TrimEnd('/');

    private string Api => $"{Root}/api/{KindName}s/{Name}";
}
