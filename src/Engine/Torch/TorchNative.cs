using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace LoraDrop.Engine.Torch;

/// <summary>Loads libtorch and TorchSharp's native library before TorchSharp searches for them itself.</summary>
/// <remarks>
/// <para>The library of TorchSharp 0.107.0 asks for the symbol version GLIBCXX_3.4.32 (GCC 13). Debian 12 has 3.4.30 and refuses to load
/// it, although the one symbol that carries the version marks a header and is never called. Where, and only where, loading
/// fails, a copy with that single requirement marked weak (VER_FLG_WEAK, Linux Standard Base, "Symbol Versioning") is loaded
/// instead.</para>
/// <para>A library that is loaded already is found again by its name, so whatever is loaded here is what TorchSharp binds to.
/// <c>TORCH_LIB_DIR</c> names the folder of a libtorch that is already on the machine (TorchBackend=external).</para>
/// </remarks>
public static class TorchNative
{
    private const string Marker = "GLIBCXX_3.4.32";
    private static readonly Lock Gate = new();
    private static bool _loaded;

    /// <summary>Loads the native libraries once; call it before any TorchSharp type is touched.</summary>
    /// <exception cref="DllNotFoundException">libtorch is not there; the message says what to do.</exception>
    public static void EnsureLoaded()
    {
        lock (Gate)
        {
            if (_loaded) return;
            if (!OperatingSystem.IsLinux())
            {
                _loaded = true; // elsewhere TorchSharp's own search works
                return;
            }
            WaitWithoutSpinning();
            var torch = Environment.GetEnvironmentVariable("TORCH_LIB_DIR") ?? Path.GetDirectoryName(Find("libtorch_cpu.so"))
                ?? throw new DllNotFoundException(
                    "libtorch is not beside the program: build with -p:TorchBackend=cpu (the default), or set "
                    + "TORCH_LIB_DIR to a folder that holds libtorch_cpu.so.");
            foreach (var name in (string[])["libc10.so", "libtorch_cpu.so", "libc10_cuda.so", "libtorch_cuda.so", "libtorch.so"])
            {
                var path = Path.Combine(torch, name);
                if (File.Exists(path)) NativeLibrary.Load(path);
                else if (name == "libtorch_cpu.so") throw new DllNotFoundException($"TORCH_LIB_DIR holds no {name}: {torch}");
            }
            var library = Find("libLibTorchSharp.so")
                ?? throw new DllNotFoundException("libLibTorchSharp.so is not beside the program; restore and build it again.");
            if (!NativeLibrary.TryLoad(library, out _)) LoadWithWeakMarker(library);
            KeepFreedMemory();
            _loaded = true;
        }
    }

    /// <summary>Lets OpenMP's idle threads sleep soon instead of spinning for milliseconds: beside another busy process the spinning
    /// takes the core from the very thread that is waited for, and training is several times slower. Whoever sets the variable
    /// decides.</summary>
    private static void WaitWithoutSpinning() => _ = setenv("GOMP_SPINCOUNT", "2000", 0); // read by libgomp as it is loaded

    [DllImport("libc", CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true),
        DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int setenv(string name, string value, int overwrite);

    /// <summary>Tells glibc to keep what a step frees for the next step. By default it gives large blocks back to the kernel, and every
    /// step pays for fresh pages again: some 8 % of a step of roberta-base size (bench: <c>step</c>).</summary>
    private static void KeepFreedMemory()
    {
        const int FastBins = 1, TrimThreshold = -1, MmapThreshold = -3, LargestMmapThreshold = 32 << 20; // <malloc.h>
        _ = mallopt(FastBins, 0); // small free pieces join their neighbours, so that a tensor's place can be taken by the next one
        _ = mallopt(MmapThreshold, LargestMmapThreshold);
        _ = mallopt(TrimThreshold, int.MaxValue);
    }

    [DllImport("libc"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int mallopt(int parameter, int value);

    private static string? Find(string name)
    {
        var folders = new List<string> { AppContext.BaseDirectory,
            Path.Combine(AppContext.BaseDirectory, "runtimes", "linux-x64", "native") };
        if (AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") is string more)
            folders.AddRange(more.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries));
        return folders.Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
    }

    /// <summary>Loads a copy whose need of <see cref="Marker"/> is weak; the copy's file is gone again at once, its mapping
    /// stays.</summary>
    private static void LoadWithWeakMarker(string library)
    {
        var bytes = File.ReadAllBytes(library);
        if (!MarkWeak(bytes)) throw new DllNotFoundException($"{library} does not load, and not for want of {Marker}. Try: ldd {library}");
        var folder = Directory.CreateTempSubdirectory("loradrop-");
        try
        {
            var copy = Path.Combine(folder.FullName, Path.GetFileName(library));
            File.WriteAllBytes(copy, bytes);
            NativeLibrary.Load(copy);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Sets VER_FLG_WEAK on the version need named <see cref="Marker"/> in a 64-bit little-endian ELF file.</summary>
    internal static bool MarkWeak(Span<byte> elf)
    {
        const uint VersionNeeds = 0x6ffffffe; // SHT_GNU_verneed
        const ushort Weak = 2;                // VER_FLG_WEAK
        static ushort U16(ReadOnlySpan<byte> s) => BinaryPrimitives.ReadUInt16LittleEndian(s);
        static uint U32(ReadOnlySpan<byte> s) => BinaryPrimitives.ReadUInt32LittleEndian(s);
        static int At(ReadOnlySpan<byte> s) => (int)BinaryPrimitives.ReadUInt64LittleEndian(s);

        if (elf.Length < 64 || U32(elf) != 0x464c457f || elf[4] != 2 || elf[5] != 1) return false;
        int sections = At(elf[40..]), sectionSize = U16(elf[58..]), count = U16(elf[60..]);
        for (var i = 0; i < count; i++)
        {
            var section = elf.Slice(sections + i * sectionSize, sectionSize);
            if (U32(section[4..]) != VersionNeeds) continue;
            var strings = At(elf.Slice(sections + (int)U32(section[40..]) * sectionSize + 24));
            // Elf64_Verneed: version, count, file, aux, next
            for (int need = At(section[24..]), left = (int)U32(section[44..]); left > 0; left--)
            {
                var entry = need + (int)U32(elf[(need + 8)..]);
                // Elf64_Vernaux: hash, flags, other, name, next
                for (int aux = U16(elf[(need + 2)..]); aux > 0; aux--)
                {
                    var name = elf[(strings + (int)U32(elf[(entry + 8)..]))..];
                    if (Encoding.ASCII.GetString(name[..name.IndexOf((byte)0)]) == Marker)
                    {
                        BinaryPrimitives.WriteUInt16LittleEndian(elf[(entry + 4)..], (ushort)(U16(elf[(entry + 4)..]) | Weak));
                        return true;
                    }
                    entry += (int)U32(elf[(entry + 12)..]);
                }
                need += (int)U32(elf[(need + 12)..]);
            }
        }
        return false;
    }
}
