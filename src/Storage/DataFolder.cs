using LoraDrop.Domain;

namespace LoraDrop.Storage;

/// <summary>The folder in which an embedded service keeps all its data. Only one service can hold it.</summary>
public sealed class DataFolder : IDisposable
{
    /// <summary>The rows contain the webhooks' signing secrets, so other users of the machine have no access.</summary>
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private readonly FileStream _lock;

    private DataFolder(string path, FileStream taken) => (Root, _lock) = (path, taken);

    public string Root { get; }

    /// <summary>The SQLite file.</summary>
    public string Database => DatabaseIn(Root);

    /// <summary>The SQLite file of a service with the given data folder.</summary>
    public static string DatabaseIn(string root) => Path.Combine(root, "loradrop.db");

    public string Objects => Path.Combine(Root, "objects");

    /// <summary>The work folder of running stages; emptied at start, as everything of value is in objects and rows.</summary>
    public string Work => Path.Combine(Root, "work");

    /// <summary>Files from the hub, by content.</summary>
    public string Cache => Path.Combine(Root, "cache");

    /// <summary>Acquires the folder; creates it, accessible only by its owner, if it does not exist.</summary>
    /// <exception cref="RefusedInputException">Another service holds it, or it is not writable.</exception>
    public static DataFolder Take(string path)
    {
        path = Path.GetFullPath(path);
        var file = Path.Combine(path, "loradrop.lock");
        try
        {
            if (OperatingSystem.IsWindows()) Directory.CreateDirectory(path);
            else Directory.CreateDirectory(path, OwnerOnly);
            var taken = new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            using var note = new StreamWriter(taken, leaveOpen: true);
            taken.SetLength(0);
            note.WriteLine(Environment.ProcessId);
            return new(path, taken);
        }
        catch (IOException) when (File.Exists(file))
        {
            throw new RefusedInputException("--data", $"another service is working in {path}. Stop that one, or choose another folder.");
        }
        catch (Exception denied) when (denied is IOException or UnauthorizedAccessException)
        {
            throw new RefusedInputException("--data", $"{path} cannot be used: {denied.Message}");
        }
    }

    public void Dispose() => _lock.Dispose();
}
