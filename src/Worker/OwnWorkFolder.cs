using LoraDrop.Domain;
using LoraDrop.Storage;

namespace LoraDrop.Worker;

/// <summary>A folder below a worker's work folder that is this process's alone; gone with it.</summary>
/// <remarks>
/// <code>
/// {name}.lock   held open as long as the process lives
/// {name}/       what it works on
/// </code>
/// A killed process leaves both, and the lock free: whoever starts next removes them. The lock is taken before the folder is made, and a lock that was
/// removed in the very moment between making and taking it is given up for another name, so no living process loses its folder.
/// </remarks>
internal sealed class OwnWorkFolder : IDisposable
{
    /// <summary>EWOULDBLOCK.</summary>
    private const int Held = 11;

    private readonly FileStream _lock;

    private OwnWorkFolder(string path, FileStream taken) => (Path, _lock) = (path, taken);

    public string Path { get; }

    /// <summary>Removes what dead processes left, and takes a folder.</summary>
    /// <param name="root">The work folder of this machine's workers; made where it is not there.</param>
    /// <exception cref="RefusedInputException">It cannot be written to.</exception>
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

    /// <summary>Null where somebody has it, or it is gone.</summary>
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
