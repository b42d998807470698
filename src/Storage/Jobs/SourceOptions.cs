using LoraDrop.Domain;

namespace LoraDrop.Storage;

/// <summary>What the service allows as a source.</summary>
public sealed class SourceOptions
{
    /// <summary>Whether <c>file:</c> may name any file of this machine: only where all who reach the service may read them anyway.</summary>
    [NotASetting]
    public bool LocalFiles { get; set; }

    /// <summary>Absolute folders that <c>file:</c> sources may be under; default none. Api and workers must see the same files at the same paths.</summary>
    public IReadOnlyList<string> Folders { get; set; } = [];

    /// <summary>Buckets that <c>s3://</c> sources may name; default none.</summary>
    public IReadOnlyList<string> S3Buckets { get; set; } = [];

    public IEnumerable<Fault> Faults(string path) => Folders.SelectMany((folder, i) => $"{path}:{nameof(Folders)}:{i}".AbsoluteFolder(folder));

    /// <summary>Whether a <c>file:</c> source may be read; links count as what they lead to, and so do those in a folder.</summary>
    public bool Allows(string place) => LocalFiles || (IsUnderFolders(place) && (!Directory.Exists(place) || Directory.EnumerateFiles(place).All(IsUnderFolders)));

    private bool IsUnderFolders(string path)
    {
        var real = RealPath.Of(path);
        return Folders.Any(folder => real is null ? IsUnder(path, folder) : IsUnder(real, RealPath.Of(folder) ?? folder));
    }

    private static bool IsUnder(string path, string folder) => (path + '/').StartsWith(folder.TrimEnd('/') + '/', StringComparison.Ordinal);
}
