namespace LoraDrop.Service.Tests;

/// <summary>The child processes of workers, as the machine sees them.</summary>
internal static class ChildProcesses
{
    /// <summary>Those whose command has a part, such as the name of their folder.</summary>
    public static IReadOnlyList<int> Of(string part) =>
        [.. Directory.EnumerateDirectories("/proc").Select(Path.GetFileName).Where(name => int.TryParse(name, out _)).Select(int.Parse!)
            .Where(process => CommandOf(process).Contains(part, StringComparison.Ordinal))];

    private static string CommandOf(int process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/cmdline");
        }
        catch (Exception ended) when (ended is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
