namespace LoraDrop.Domain;

/// <summary>The format of a data file, given by its extension.</summary>
public static class DataFormat
{
    private const string Compressed = ".gz";

    /// <summary>The supported extensions. A <c>.txt</c> has lines <c>input||text</c> (E2E); a <c>.json</c> a list of objects, DART's
    /// triple sets, or one object per line as in <c>.jsonl</c>. All but Parquet, which compresses its columns itself,
    /// may be compressed with gzip.</summary>
    public static IReadOnlyList<string> Extensions { get; } = [.. Plain, ".parquet", .. Plain.Select(end => end + Compressed)];

    private static string[] Plain => [".jsonl", ".json", ".csv", ".tsv", ".txt"];

    /// <summary>The extension in lower case, such as <c>.jsonl</c> or <c>.txt.gz</c>; the part after the last dot if it is not
    /// supported.</summary>
    public static string Of(string name)
    {
        name = name.ToLowerInvariant();
        return Extensions.Where(end => name.EndsWith(end, StringComparison.Ordinal)).MaxBy(end => end.Length) ?? Path.GetExtension(name);
    }

    /// <summary>Whether a file with this extension is compressed.</summary>
    public static bool IsCompressed(string end) => end.EndsWith(Compressed, StringComparison.Ordinal);

    /// <summary>Whether the format distinguishes text from numbers.</summary>
    public static bool IsTyped(string name) => Uncompressed(Of(name)) is not (".csv" or ".tsv");

    /// <summary>The extension without that of the compression.</summary>
    public static string Uncompressed(string end) => IsCompressed(end) ? end[..^Compressed.Length] : end;
}
