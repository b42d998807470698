using System.Text.Json;

namespace LoraDrop.Worker;

/// <summary>The fields read from the hub's responses.</summary>
internal static class HubJson
{
    private const long LargestFile = 1L << 50;

    /// <summary>The commit of a revision.</summary>
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

    /// <summary>The large file storage entry of a file.</summary>
    public sealed record LargeFile(string? Oid, long Size);

    /// <exception cref="JsonException">The JSON has another format.</exception>
    public static T Read<T>(ReadOnlySpan<byte> json) =>
        JsonSerializer.Deserialize<T>(json, JsonSerializerOptions.Web) ?? throw new JsonException("null");

    // Bounded, so that sizes can be summed without overflow.
    private static bool IsSize(long size) => size is >= 0 and <= LargestFile;

    private static bool IsHex(string? text, int length) => text?.Length == length && text.All(char.IsAsciiHexDigitLower);
}
