namespace LoraDrop.Worker;

/// <summary>Room on the disk, asked for before it is used up.</summary>
internal static class DiskRoom
{
    /// <summary>Sees to it that so many bytes fit on the disk of a folder.</summary>
    /// <exception cref="IOException">They do not.</exception>
    public static void Require(string folder, long bytes)
    {
        var free = new DriveInfo(Path.GetFullPath(folder)).AvailableFreeSpace;
        if (bytes > free) throw new IOException($"Not enough space on the disk: {bytes} bytes are to be fetched into {folder}, {free} are free.");
    }
}
