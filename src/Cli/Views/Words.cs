using System.Globalization;
using LoraDrop.Api;
using LoraDrop.Domain;

namespace LoraDrop.Cli;

/// <summary>Words and symbols shared by all views.</summary>
internal static class Words
{
    /// <summary>The name of a model or dataset, else its source.</summary>
    public static string Of(InputReference input) => input.Name ?? input.Source;

    /// <summary>A symbol that can be distinguished without colour.</summary>
    public static string Sign(Place place) => place switch
    {
        Place.Own => "●",
        Place.Shared => "○",
        Place.None => "·",
    };

    /// <summary>A duration: <c>0:42</c>, <c>12:05</c>, <c>1:02:03</c>.</summary>
    public static string Duration(double seconds)
    {
        if (!double.IsFinite(seconds) || seconds < 0) return "–";
        var time = TimeSpan.FromSeconds(Math.Min(Math.Round(seconds), 1e9));
        return time.TotalHours >= 1 ? $"{(long)time.TotalHours}:{time:mm\\:ss}" : $"{time:m\\:ss}";
    }

    /// <summary>A size in the unit that shows it with one to four digits.</summary>
    public static string Bytes(long bytes)
    {
        string[] units = ["B", "KiB", "MiB", "GiB", "TiB"];
        var (size, unit) = ((double)bytes, 0);
        for (; size >= 1024 && unit < units.Length - 1; unit++) size /= 1024;
        return unit == 0 || size >= 100 ? $"{size:0} {units[unit]}" : $"{size:0.0} {units[unit]}";
    }

    /// <summary>A time in the local time zone.</summary>
    public static string Time(DateTimeOffset? moment) =>
        moment is { } at ? at.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) : "–";
}
