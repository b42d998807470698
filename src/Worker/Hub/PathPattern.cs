using System.IO.Enumeration;

namespace LoraDrop.Worker;

/// <summary>A pattern for paths as a dataset's card writes it: <c>*</c> and <c>?</c> stay within a folder, <c>**</c> crosses folders.</summary>
internal static class PathPattern
{
    public static bool Matches(string pattern, string path) => pattern.Contains("**")
        ? Fits(pattern, path) || Fits(pattern.Replace("**/", ""), path)                 // **/ is also no folder at all
        : pattern.Count(c => c == '/') == path.Count(c => c == '/') && Fits(pattern, path);   // as many slashes: no star can have eaten one

    private static bool Fits(string pattern, string path) => FileSystemName.MatchesSimpleExpression(pattern, path, ignoreCase: false);
}
