namespace LoraDrop.Engine.Tests;

/// <summary>Published files that tests read where <c>LORADROP_DATA</c> names their folder; elsewhere those tests are skipped by name.</summary>
internal static class RealData
{
    public static string Path(params string[] parts)
    {
        var folder = Environment.GetEnvironmentVariable("LORADROP_DATA");
        Assert.SkipUnless(Directory.Exists(folder), "LORADROP_DATA names no folder.");
        var path = System.IO.Path.Combine([folder!, .. parts]);
        Assert.SkipUnless(System.IO.Path.Exists(path), $"{System.IO.Path.Combine(parts)} is not under LORADROP_DATA.");
        return path;
    }
}
