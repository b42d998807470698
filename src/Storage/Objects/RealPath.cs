using System.Runtime.InteropServices;

namespace LoraDrop.Storage;

/// <summary>Resolves links in paths.</summary>
internal static partial class RealPath
{
    /// <summary>Resolves all links in a path; null if it does not exist.</summary>
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

    // .NET resolves only the last part of a path.
    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint realpath(string path, nint resolved);

    [LibraryImport("libc")]
    private static partial void free(nint memory);
}
