using LoraDrop.Domain;
using Spectre.Console;

namespace LoraDrop.Cli;

/// <summary>Shows an importance report: I of every layer as a bar, and which layers keep their own LoRA.</summary>
internal static class ImportanceView
{
    private const int LongestBar = 48;
    private const string Eighths = " ▏▎▍▌▋▊▉";

    public static void Write(IAnsiConsole console, ImportanceReport report)
    {
        foreach (var type in report.Sites.GroupBy(site => site.Type))
        {
            SiteImportance[] sites = [.. type];
            var own = sites.Count(site => site.Place == Place.Own);
            var ranks = report.IsByRank ? $", with {sites.Sum(site => site.Rank ?? 0)} ranks" : "";
            console.MarkupLineInterpolated($"[bold]{type.Key}[/]  {own} of {sites.Length} layers keep their own LoRA{ranks}");
            console.Write(Bars(sites, report.IsByRank));
            console.WriteLine();
        }
        var over = report.IsByRank ? " of the output of all ranks" : "";
        var rule = report.Threshold is { } T ? $", T = {T:0.###}{over}" : "";
        console.MarkupLineInterpolated($"● own  ○ shared  · none   I over {report.Examples:N0} examples; Σ: I so far, largest first{rule}");
        foreach (var remark in report.Remarks) console.MarkupLineInterpolated($"[yellow]![/] {remark}");
    }

    private static Grid Bars(SiteImportance[] sites, bool ranked)
    {
        var grid = new Grid();
        grid.AddColumn(new GridColumn { NoWrap = true, Padding = new(2, 0, 1, 0) });
        foreach (var alignment in (Justify[])[Justify.Right, .. ranked ? [Justify.Right] : (Justify[])[], Justify.Right, Justify.Right,
            Justify.Left])
            grid.AddColumn(new GridColumn { NoWrap = true, Padding = new(0, 0, 2, 0), Alignment = alignment });
        string[] Row(string sign, string layer, string rank, params string[] others) =>
            ranked ? [sign, layer, rank, .. others] : [sign, layer, .. others];
        grid.AddRow(Cells("grey", Row("", "layer", "r", "I", "Σ", "")));

        var reached = Reached(sites);
        var largest = sites.Max(site => site.I);
        foreach (var (index, site) in sites.Index())
            grid.AddRow(Cells(Colour(site.Place), Row(Words.Sign(site.Place), $"{site.Layer}", $"{site.Rank}", $"{site.I:0.000}",
                $"{reached[index]:0.000}", Bar(site.I / largest))));
        return grid;
    }

    private static Text[] Cells(string colour, params string[] texts) => [.. texts.Select(text => new Text(text, Style.Parse(colour)))];

    private static string Colour(Place place) => place switch
    {
        Place.Own => "deepskyblue3",
        Place.Shared or Place.None => "grey",
    };

    /// <summary>The cumulative importance, most important layer first: the cut compares it with T.</summary>
    private static double[] Reached(SiteImportance[] sites)
    {
        var sums = new double[sites.Length];
        var reached = 0.0;
        foreach (var layer in Retention.Ranked([.. sites.Select(site => site.I)])) sums[layer] = reached += sites[layer].I;
        return sums;
    }

    /// <summary>A bar to the eighth of a cell; <paramref name="share"/> = 1 is the longest.</summary>
    private static string Bar(double share)
    {
        var eighths = (int)Math.Round(share * LongestBar * 8);
        return (new string('█', eighths / 8) + Eighths[eighths % 8]).TrimEnd();
    }
}
