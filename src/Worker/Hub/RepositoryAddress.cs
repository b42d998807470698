using LoraDrop.Domain;

namespace LoraDrop.Worker;

/// <summary>Where the hub has the parts of a repository.</summary>
internal sealed record RepositoryAddress(string Endpoint, RepositoryKind Kind, Source.Hub Source)
{
    public string Name => Source.Repository;

    public string Revision => Source.Revision ?? "main";

    /// <summary>model or dataset.</summary>
    public string KindName => Kind == RepositoryKind.Model ? "model" : "dataset";

    /// <summary>Its page for people.</summary>
    public string Page => Kind == RepositoryKind.Model ? $"{Root}/{Name}" : $"{Root}/datasets/{Name}";

    /// <summary>Answers with the commit of the revision.</summary>
    public Uri OfRevision() => new($"{Api}/revision/{Uri.EscapeDataString(Revision)}");

    /// <summary>Answers with a list of all files.</summary>
    public Uri OfTree(string commit) => new($"{Api}/tree/{commit}?recursive=true");

    /// <summary>Answers with the bytes of a file.</summary>
    public Uri OfFile(string commit, string path) => new($"{Page}/resolve/{commit}/{string.Join('/', path.Split('/').Select(Uri.EscapeDataString))}");

    private string Root => Endpoint.TrimEnd('/');

    private string Api => $"{Root}/api/{KindName}s/{Name}";
}
