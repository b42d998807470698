using System.Runtime.InteropServices;
using System.Text;

namespace LoraDrop.Worker;

/// <summary>Creates hard links, which take no space.</summary>
internal static class HardLink
{
    /// <summary>Links a file to another name, replacing an existing file and creating the folder if necessary; copies it if
    /// the names are on different disks.</summary>
    public static void Place(string file, string name)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(name)!);
        File.Delete(name);
        if (!TryLink(file, name)) File.Copy(file, name);
    }

    // .NET has no API for it. On any failure the file is copied, and a failure of that is reported.
    private static bool TryLink(string file, string name) => OperatingSystem.IsLinux() && link(Bytes(file), Bytes(name)) == 0;

    private static byte[] Bytes(string path) => Encoding.UTF8.GetBytes(path + '\0');

    [DllImport("libc")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int link(byte[] oldpath, byte[] newpath);
}
