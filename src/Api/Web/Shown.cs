using System.Globalization;
using LoraDrop.Domain;

namespace LoraDrop.Api.Web;

/// <summary>Numbers as people read them.</summary>
internal static class Shown
{
    public static string Percent(double share) => share.ToString("0 %", CultureInfo.InvariantCulture);

    public static string Score(double? score) => score?.ToString("0.####", CultureInfo.InvariantCulture) ?? "";

    public static string Count(long count) => count.ToString("#,0", CultureInfo.InvariantCulture);

    /// <summary>A duration in its two largest units.</summary>
    public static string Duration(double? seconds) => seconds switch
    {
        null => "",
        < 1 => "under 1 s",
        < 60 => $"{seconds:0} s",
        < 3600 => $"{(int)seconds / 60} min {(int)seconds % 60} s",
        < 86400 => $"{(int)seconds / 3600} h {(int)seconds % 3600 / 60} min",
        _ => $"{(int)(seconds / 86400)} d {(int)(seconds % 86400) / 3600} h",
    };

    public static string Bytes(long bytes) => bytes switch
    {
        < 1 << 10 => $"{bytes} B",
        < 1 << 20 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024.0:0.#} KiB"),
        < 1 << 30 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1048576.0:0.#} MiB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1073741824.0:0.##} GiB"),
    };

    public static string Name(JobSummary job) => job.Name ?? ShortId(job.Id);

    public static string Name(JobView job) => job.Name ?? ShortId(job.Id);

    public static string Name(InputReference input) => input.Name ?? input.Source;

    public static string StageName(Stage stage) => stage == Stage.ImportanceEvaluation ? "importance evaluation" : "task adaptation";

    public static string Of<T>(T value) where T : struct, Enum => JsonText.NameOf(value);

    /// <summary>A number of things: <c>1 job</c>, <c>9 jobs</c>.</summary>
    public static string Of(int count, string thing) => $"{Count(count)} {thing}{(count == 1 ? "" : "s")}";

    /// <summary>Ids grow with time: their ends tell jobs of one second apart.</summary>
    public static string ShortId(Guid id) => id.ToString()[^12..];
}
