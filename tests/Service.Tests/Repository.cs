namespace LoraDrop.Service.Tests;

/// <summary>The files of the repository that this program was built in. A build server hides the sources' paths, so they are looked for
/// from the program.</summary>
internal static class Repository
{
    public static string At(params string[] path)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "LoraDrop.sln"))) return Path.Combine([folder.FullName, .. path]);
        throw new InvalidOperationException($"{AppContext.BaseDirectory} lies in no repository");
    }
}
