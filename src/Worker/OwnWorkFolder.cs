using LoraDrop.Domain;
using LoraDrop.Storage;

namespace LoraDrop.Worker;

/// <summary>A work folder used only by this process, and removed with it.</summary>
/// <remarks>
/// <code>
/// {name}.lock   held open while the process runs
/// {name}/       its files
/// </code>
/// A killed process leaves both, with the lock free: the next process to start removes them. The lock is taken before the folder is
/// created; a lock removed between its creation and taking it is abandoned for another name, so no running process loses its folder.
/// </remarks>
internal sealed class OwnWorkFolder : IDisposable
{
    /// <summary>EWOULDBLOCK.</summary>
    private const int Held = 11;

    private readonly FileStream _lock;

    private OwnWorkFolder(string path, FileStream taken) => (Path, _lock) = (path, taken);

    public string Path { get; }

    /// <summary>Removes folders of dead processes and creates a new one.</summary>
    /// <param name="root">The work folder of this machine's workers; created if necessary.</param>
    /// <exception cref="RefusedInputException">The folder is not writable.</exception>
    public static OwnWorkFolder Take(string root)
    {
        try
        {
            Directory.CreateDirectory(root);
            foreach (var left in Directory.EnumerateFiles(root, "*.lock")) RemoveUnlessHeld(left);
            while (true)
            {
                var path = System.IO.Path.Combine(root, $"{Environment.ProcessId}-{Guid.NewGuid():N}");
                if (TryLock(path + ".lock", FileMode.CreateNew) is not { } taken) continue;
                if (File.Exists(path + ".lock"))
                {
                    Directory.CreateDirectory(path);
                    return new(path, taken);
                }
                taken.Dispose();
            }
        }
        catch (Exception denied) when (denied is IOException or UnauthorizedAccessException)
        {
            throw new RefusedInputException(SettingName.Of("Worker:WorkFolder"), $"{root} cannot be used: {denied.Message}");
        }
    }

    public void Dispose()
    {
        Remove(Path);
        File.Delete(Path + ".lock");
        _lock.Dispose();
    }

    private static void RemoveUnlessHeld(string left)
    {
        using var taken = TryLock(left, FileMode.Open);
        if (taken is null) return;
        Remove(left[..^".lock".Length]);
        File.Delete(left);
    }

    private static void Remove(string folder)
    {
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
    }

    /// <summary>The lock; null if another process holds it or the file is gone.</summary>
    private static FileStream? TryLock(string file, FileMode mode)
    {
        try
        {
            return new(file, mode, FileAccess.ReadWrite, FileShare.None);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
        catch (IOException held) when (held.HResult == Held)
        {
            return null;
        }
    }
}
