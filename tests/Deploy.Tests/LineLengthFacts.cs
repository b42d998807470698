using System.Text;
using LoraDrop.Service.Tests;

namespace LoraDrop.Deploy.Tests;

/// <summary>Source files fit a screen.</summary>
public sealed class LineLengthFacts
{
    private const int Columns = 140;

    [Fact]
    public void Lines_end_at_140_columns()
    {
        var files = ((string[])["src", "tests", "bench", "samples"]).SelectMany(folder =>
            Directory.EnumerateFiles(Repository.At(folder), "*.cs", SearchOption.AllDirectories))
            .Where(file => !Path.GetRelativePath(Repository.At(), file).Split('/').Any(part => part is "bin" or "obj" or "Migrations"))
            .ToList();
        Assert.True(files.Count > 500, $"found {files.Count} files");
        Assert.Empty(files.SelectMany(LongLines));
    }

    /// <summary>Places of lines that are too long. Raw strings hold text of others, which is not wrapped.</summary>
    private static IEnumerable<string> LongLines(string file)
    {
        var raw = false;
        foreach (var (i, line) in File.ReadLines(file, Encoding.UTF8).Index())
        {
            var within = raw;
            for (var at = line.IndexOf("\"\"\"", StringComparison.Ordinal); at >= 0; at =
                line.IndexOf("\"\"\"", at + 3, StringComparison.Ordinal))
                raw = !raw;
            if (!within && !raw && line.Length > Columns && !line.Contains("\"\"\""))
                yield return $"{Path.GetRelativePath(Repository.At(), file)}:{i + 1}: {line.Length} columns";
        }
    }
}
