using System.Text.Json;

namespace LoraDrop.Worker;

/// <summary>The parts of the hub's answers that are read here.</summary>
internal static class HubJson
{
    private const long LargestFile = 1L << 50;

    /// <summary>What a revision stands for.</summary>
    public sealed record Revision(string? Sha)
    {
        public bool IsUsable => IsHex(Sha, 40);
    }

    /// <summary>One entry of a list of files.</summary>
    public sealed record Entry(string? Type, string? Path, long Size, string? Oid, LargeFile? Lfs)
    {
        public bool IsUsable => IsSize(Size) && IsHex(Oid, 40) && (Lfs is null || (IsSize(Lfs.Size) && IsHex(Lfs.Oid, 64)));

        public RepositoryFile ToFile() => new(Path!, Lfs?.Size ?? Size, Oid!, Lfs?.Oid);
    }

    /// <summary>Where the content of an entry lies apart from git.</summary>
    public sealed record LargeFile(string? Oid, long Size);

    /// <exception cref="JsonException">It is something else.</exception>
    public static T Read<T>(ReadOnlySpan<byte> json) => JsonSerializer.Deserialize<T>(json, JsonSerializerOptions.Web) ?? throw new JsonException("null");

    // Bounded, so that sizes can be added up.
    private static bool IsSize(long size) => size is >= 0 and <= LargestFile;

    private static bool IsHex(string? text, int length) => text?.Length == length && text.All(char.IsAsciiHexDigitLower);
}
