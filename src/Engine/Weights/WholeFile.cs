namespace LoraDrop.Engine.Weights;

/// <summary>Writes a file atomically: readers see the old one or the new one, never a part, even after kill -9, a full disk or a power
/// cut.</summary>
public static class WholeFile
{
    /// <summary>Writes beside the target, flushes to the disk, and renames over it.</summary>
    /// <exception cref="IOException">The disk is full or the folder is not writable; the old file, if any, is untouched, and no temporary
    /// file is left.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        var fresh = $"{path}.{Environment.ProcessId}.tmp";
        try
        {
            using (var stream = new FileStream(fresh, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 16))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }
            File.Move(fresh, path, overwrite: true);
        }
        catch (Exception failure)
        {
            if (File.Exists(fresh)) File.Delete(fresh);
            if (failure is IOException or UnauthorizedAccessException)
                throw new IOException($"cannot write {path}: {failure.Message} What stood there before is unchanged.", failure);
            throw;
        }
    }

    public static void WriteText(string path, string text) => Write(path, stream =>
    {
        using var writer = new StreamWriter(stream, leaveOpen: true);
        writer.Write(text);
    });
}
