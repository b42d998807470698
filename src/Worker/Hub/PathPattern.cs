using System.IO.Enumeration;

namespace LoraDrop.Worker;

/// <summary>A path pattern as in dataset cards: <c>*</c> and <c>?</c> stay within a folder, <c>**</c> crosses folders.</summary>
internal static class PathPattern
{
    public static bool Matches(string pattern, string path) => pattern.Contains("**")
        ? Fits(pattern, path) || Fits(pattern.Replace("**/", ""), path)                 // **/ also matches no folder
        // the same number of slashes, so that * matches none
        : pattern.Count(c => c == '/') == path.Count(c => c == '/') && Fits(pattern, path);

    private static bool Fits(string pattern, string path) => FileSystemName.MatchesSimpleExpression(pattern, path, ignoreCase: false);
}
