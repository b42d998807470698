using System.Runtime.InteropServices;
using System.Text;

namespace LoraDrop.Worker;

/// <summary>A second name for a file, which costs no space.</summary>
internal static class HardLink
{
    /// <summary>Gives a file another name, in place of what stood there, in a folder that is made where it is not there; copies it where
    /// the two names lie on different disks.</summary>
    public static void Place(string file, string name)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(name)!);
        File.Delete(name);
        if (!TryLink(file, name)) File.Copy(file, name);
    }

    // .NET has no call for it. Any failure is answered by copying, whose own failure says why.
    private static bool TryLink(string file, string name) => OperatingSystem.IsLinux() && link(Bytes(file), Bytes(name)) == 0;

    private static byte[] Bytes(string path) => Encoding.UTF8.GetBytes(path + '\0');

    [DllImport("libc")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int link(byte[] oldpath, byte[] newpath);
}
