namespace LoraDrop.Domain;

/// <summary>How a data file is read, which the end of its name says.</summary>
public static class DataFormat
{
    private const string Packed = ".gz";

    /// <summary>The ends that are read. A <c>.txt</c> holds lines <c>input||text</c> (E2E); a <c>.json</c> a list of objects, DART's of
    /// triple sets, or objects on a line each as in <c>.jsonl</c>. All but Parquet, which packs its columns itself,
    /// may be packed by gzip.</summary>
    public static IReadOnlyList<string> Ends { get; } = [.. Plain, ".parquet", .. Plain.Select(end => end + Packed)];

    private static string[] Plain => [".jsonl", ".json", ".csv", ".tsv", ".txt"];

    /// <summary>The end of a file's name that says how it is read, in lower case: <c>.jsonl</c>, <c>.txt.gz</c>; whatever stands after the last dot where it is none of these.</summary>
    public static string Of(string name)
    {
        name = name.ToLowerInvariant();
        return Ends.Where(end => name.EndsWith(end, StringComparison.Ordinal)).MaxBy(end => end.Length) ?? Path.GetExtension(name);
    }

    /// <summary>Whether the bytes are packed.</summary>
    public static bool IsPacked(string end) => end.EndsWith(Packed, StringComparison.Ordinal);

    /// <summary>Whether the format of a file says of a cell whether it is a text or a number.</summary>
    public static bool IsTyped(string name) => Unpacked(Of(name)) is not (".csv" or ".tsv");

    /// <summary>The end without that of the packing.</summary>
    public static string Unpacked(string end) => IsPacked(end) ? end[..^Packed.Length] : end;
}
