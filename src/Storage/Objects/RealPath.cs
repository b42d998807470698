using System.Runtime.InteropServices;

namespace LoraDrop.Storage;

/// <summary>A path without links.</summary>
internal static partial class RealPath
{
    /// <summary>Where a path leads when all links on it are followed; null where nothing is there.</summary>
    public static string? Of(string path)
    {
        var resolved = realpath(path, 0);
        if (resolved == 0) return null;
        try
        {
            return Marshal.PtrToStringUTF8(resolved);
        }
        finally
        {
            free(resolved);
        }
    }

    // .NET resolves the last part of a path only.
    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint realpath(string path, nint resolved);

    [LibraryImport("libc")]
    private static partial void free(nint memory);
}
