using LoraDrop.Domain;

namespace LoraDrop.Engine.Weights;

/// <summary>The short text that git stores in place of a large file until git-lfs fetches it.</summary>
internal static class GitLfsPointer
{
    /// <summary>The fault of such a file, and how to fix it.</summary>
    public const string Message = "is a git-lfs pointer and not the file itself. Run 'git lfs pull' in the repository that it was cloned "
        + "from, or download it from the hub.";

    private const int Longest = 1024; // the specification's limit

    private static ReadOnlySpan<byte> Start => "version https://git-lfs.github.com/spec/"u8;

    /// <summary>Whether a file begins like a pointer.</summary>
    public static bool IsStartOf(ReadOnlySpan<byte> head) => head.StartsWith(Start);

    /// <summary>Whether a file is a pointer.</summary>
    public static bool Is(string path)
    {
        var file = new FileInfo(path);
        if (!file.Exists || file.Length < Start.Length || file.Length > Longest) return false;
        Span<byte> first = stackalloc byte[Start.Length];
        using var stream = file.OpenRead();
        stream.ReadExactly(first);
        return IsStartOf(first);
    }

    /// <summary>Refuses pointers among a model's required files, all at once; other files in the folder may be pointers.</summary>
    /// <param name="folder">The model's folder, whose tokenizer and configuration are also checked.</param>
    /// <param name="weights">Its weight files.</param>
    /// <exception cref="RefusedInputException">One or more are pointers.</exception>
    public static void RefuseIn(string folder, IEnumerable<string> weights)
    {
        var files = Tokenizer.FileNames.Append(ModelConfig.FileName).Select(name => Path.Combine(folder, name)).Concat(weights);
        Fault[] faults = [.. files.Where(Is).Order(StringComparer.Ordinal).Select(path => new Fault(path, Message))];
        if (faults.Length > 0) throw new RefusedInputException(faults);
    }
}
