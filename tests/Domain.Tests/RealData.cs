namespace LoraDrop.Domain.Tests;

/// <summary>Published data sets, too large or not ours to keep here: the folder LORADROP_DATA names.</summary>
internal static class RealData
{
    /// <summary>A file in it; the test is reported as skipped where it is not there.</summary>
    public static string Path(params string[] parts)
    {
        var root = Environment.GetEnvironmentVariable("LORADROP_DATA");
        Assert.SkipWhen(string.IsNullOrEmpty(root), "LORADROP_DATA names no folder with real data.");
        var path = System.IO.Path.Combine([root!, .. parts]);
        Assert.SkipUnless(File.Exists(path), $"LORADROP_DATA holds no {System.IO.Path.Combine(parts)}.");
        return path;
    }
}
