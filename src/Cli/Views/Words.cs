using LoraDrop.Domain;

namespace LoraDrop.Cli;

/// <summary>The words and signs that all views use for the same thing.</summary>
internal static class Words
{
    public static string Of(Stage stage) => stage switch
    {
        Stage.ImportanceEvaluation => "Importance evaluation",
        Stage.TaskAdaptation => "Task adaptation",
    };

    /// <summary>A sign that can be told apart without colour.</summary>
    public static string Sign(Place place) => place switch
    {
        Place.Own => "●",
        Place.Shared => "○",
        Place.None => "·",
    };

    /// <summary>As short as a clock writes it: <c>0:42</c>, <c>12:05</c>, <c>1:02:03</c>.</summary>
    public static string Duration(double seconds)
    {
        if (!double.IsFinite(seconds) || seconds < 0) return "–";
        var time = TimeSpan.FromSeconds(Math.Min(Math.Round(seconds), 1e9));
        return time.TotalHours >= 1 ? $"{(long)time.TotalHours}:{time:mm\\:ss}" : $"{time:m\\:ss}";
    }
}
