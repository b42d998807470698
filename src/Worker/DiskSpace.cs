namespace LoraDrop.Worker;

/// <summary>Checks free disk space before it is used.</summary>
internal static class DiskSpace
{
    /// <summary>Requires a number of free bytes on the disk of a folder.</summary>
    /// <exception cref="IOException">There is not enough free space.</exception>
    public static void Require(string folder, long bytes)
    {
        var free = new DriveInfo(Path.GetFullPath(folder)).AvailableFreeSpace;
        if (bytes > free) throw new IOException($"Not enough disk space: {folder} needs {bytes} bytes, but only {free} are free.");
    }
}
