using System.Globalization;
using System.Text;
using LoraDrop.Domain;

namespace LoraDrop.Api;

/// <summary>The formats of an experiment's results.</summary>
public enum ResultFormat
{
    /// <summary>Everything.</summary>
    Json,

    /// <summary>A line per combination of values.</summary>
    Csv,

    /// <summary>A table for people: a column per task.</summary>
    Markdown,

    /// <summary>The same table, for papers.</summary>
    Latex,
}

/// <summary>Writes results as a table.</summary>
internal static class ResultTable
{
    private static readonly CultureInfo Plain = CultureInfo.InvariantCulture;

    /// <summary>A line per combination of values, with all figures unrounded.</summary>
    public static string Csv(ExperimentResults results)
    {
        var text = new StringBuilder();
        void Line(IEnumerable<string?> cells) => text.AppendJoin(',', cells.Select(Cell)).Append("\r\n"); // RFC 4180
        Line([.. results.Axes, "metric", "n", "best_mean", "best_deviation", "last_mean", "last_deviation", "test_mean", "test_deviation",
            "generated_mean", "generated_deviation", "parameters_without_shared", "parameters_adapter", "parameters_adapter_and_head",
            "seconds", "all", "large_only", "small_only", "none", "difference", "t", "p", "paper", "missing"]);
        foreach (var row in results.Rows)
            Line([.. results.Axes.Select(axis => row.Values.GetValueOrDefault(axis)), row.Metric, $"{row.Seeds.Count}", .. Cells(row.Best),
                .. Cells(row.Last), .. Cells(row.Test), .. Cells(row.Generated), Number(row.Parameters?.WithoutShared),
                Number(row.Parameters?.Adapter), Number(row.Parameters?.AdapterAndHead), Number(row.Seconds),
                Number(row.SwitchedOff?.All.Mean), Number(row.SwitchedOff?.LargeOnly.Mean), Number(row.SwitchedOff?.SmallOnly.Mean),
                Number(row.SwitchedOff?.None.Mean), Number(row.Against?.Difference), Number(row.Against?.T), Number(row.Against?.P),
                Number(row.Paper), $"{row.Missing.Count}"]);
        return text.ToString();
    }

    /// <summary>A table with a row per method or other values, and a column per task.</summary>
    public static string Markdown(ExperimentResults results)
    {
        var table = Of(results);
        var text = new StringBuilder();
        void Line(IEnumerable<string> cells) =>
            text.Append("| ").AppendJoin(" | ", cells.Select(cell => cell.Replace("|", "\\|"))).Append(" |\n");
        text.Append(Plain, $"### {results.Name ?? results.Experiment.ToString()}\n\n");
        Line(table.Head);
        Line(table.Head.Select((_, column) => column == 0 ? "---" : "---:"));
        foreach (var row in table.Rows) Line(row);
        text.Append('\n').AppendJoin('\n', table.Notes).Append('\n');
        return text.ToString();
    }

    /// <summary>The same table as a tabular of LaTeX, with the booktabs package.</summary>
    public static string Latex(ExperimentResults results)
    {
        var table = Of(results);
        var text = new StringBuilder();
        void Line(IEnumerable<string> cells) => text.AppendJoin(" & ", cells.Select(Escaped)).Append(" \\\\\n");
        text.Append(Plain, $"% {(results.Name ?? results.Experiment.ToString()).ReplaceLineEndings(" ")}\n");
        text.Append(Plain, $"\\begin{{tabular}}{{l{new string('r', table.Head.Count - 1)}}}\n\\toprule\n");
        Line(table.Head);
        text.Append("\\midrule\n");
        foreach (var row in table.Rows) Line(row);
        text.Append("\\bottomrule\n\\end{tabular}\n");
        foreach (var note in table.Notes) text.Append(Plain, $"% {note.ReplaceLineEndings(" ")}\n");
        return text.ToString();
    }

    private static (IReadOnlyList<string> Head, IReadOnlyList<IReadOnlyList<string>> Rows, IReadOnlyList<string> Notes) Of(
        ExperimentResults results)
    {
        var across = results.Axes.FirstOrDefault(axis => axis is PaperPreset.TaskAxis or "dataset");
        string[] down = [.. results.Axes.Where(axis => axis != across)];
        string ColumnOf(ResultRow row) => across is null ? "score" : row.Values.GetValueOrDefault(across, "");
        string[] columns = [.. results.Rows.Select(ColumnOf).Distinct()];
        var metrics = results.Rows.Where(row => row.Metric is not null).GroupBy(ColumnOf)
            .ToDictionary(column => column.Key, column => column.First().Metric!);
        var lines = results.Rows.GroupBy(row => string.Join(", ", down.Select(axis => row.Values.GetValueOrDefault(axis)).OfType<string>()))
            .ToArray();
        var head = new List<string> { down.Length > 0 ? string.Join(", ", down) : "", "parameters" };
        head.AddRange(columns.Select(column => metrics.TryGetValue(column, out var metric) ? $"{column} ({metric})" : column));
        if (columns.Length > 1) head.Add("mean");
        head.Add("seconds");
        var rows = new List<IReadOnlyList<string>>();
        void Row(string name, IGrouping<string, ResultRow>? line, Func<ResultRow, (double? Mean, double? Deviation)> of, bool counts)
        {
            var cells = columns.Select(column => line?.FirstOrDefault(row => ColumnOf(row) == column)).ToArray();
            var found = cells.Select(cell => cell is null ? (null, null) : of(cell)).ToArray();
            var row = new List<string> { name, counts ? Parameters(cells) : "" };
            foreach (var (cell, score) in cells.Zip(found))
                row.Add(Score(score.Mean, score.Deviation) + (counts && cell is not null ? Mark(cell) : ""));
            if (columns.Length > 1)
                row.Add(found.All(score => score.Mean is not null) ? Score(found.Average(score => score.Mean), null) : "");
            row.Add(counts && cells.OfType<ResultRow>().Select(cell => cell.Seconds).OfType<double>().ToArray() is { Length: > 0 } seconds
                ? seconds.Average().ToString("0.0", Plain) : "");
            rows.Add(row);
        }
        static (double?, double?) Percent(Spread? spread) => (100 * spread?.Mean, 100 * spread?.Deviation);
        foreach (var line in lines)
        {
            Row(line.Key, line, row => Percent(row.Generated ?? row.Best), counts: true);
            if (line.Any(row => row.Paper is not null)) Row($"{line.Key} (paper)", line, row => (row.Paper, null), counts: false);
            if (line.All(row => row.SwitchedOff is null)) continue;
            Row($"{line.Key}, large I only", line, row => Percent(row.SwitchedOff?.LargeOnly), counts: false);
            if (line.Any(row => row.SwitchedOff?.PaperLargeOnly is not null))
                Row($"{line.Key}, large I only (paper)", line, row => (row.SwitchedOff?.PaperLargeOnly, null), counts: false);
            Row($"{line.Key}, small I only", line, row => Percent(row.SwitchedOff?.SmallOnly), counts: false);
            if (line.Any(row => row.SwitchedOff?.PaperSmallOnly is not null))
                Row($"{line.Key}, small I only (paper)", line, row => (row.SwitchedOff?.PaperSmallOnly, null), counts: false);
            Row($"{line.Key}, none", line, row => Percent(row.SwitchedOff?.None), counts: false);
        }
        return (head, rows, [.. Notes(results)]);
    }

    private static IEnumerable<string> Notes(ExperimentResults results)
    {
        int[] seeds = [.. results.Rows.Select(row => row.Seeds.Count).Distinct().Order()];
        yield return $"Mean ± sample standard deviation over {(seeds is [var only] ? $"{only}" : $"{seeds[0]} to {seeds[^1]}")} seeds of "
            + "each run's best evaluation on the validation split, times 100. Parameters: the trained adapter, shared branches once, "
            + "without the head.";
        if (results.Baseline is { } baseline)
        {
            yield return $"* p < 0.05, two-sided paired t test against {string.Join(", ", baseline.Values)} over the same seeds:";
            foreach (var row in results.Rows.Where(row => row.Against is not null))
                yield return $"- {string.Join(", ", results.Axes.Select(axis => row.Values.GetValueOrDefault(axis)).OfType<string>())}: "
                    + $"difference {Signed(100 * row.Against!.Difference)}, n = {row.Against.Seeds.Count}"
                    + (row.Against.P is { } p
                        ? string.Create(Plain, $", t = {row.Against.T:0.00}, p = {p:0.000}")
                        : ", no test: too few or equal differences");
        }
        foreach (var row in results.Rows.Where(row => row.Missing.Count > 0))
            foreach (var job in row.Missing)
                yield return $"Missing: {string.Join(", ", row.Values.Values)}, seed {job.Seed}: job {job.Job} is {job.Status}"
                    + (job.Why is null ? "." : $": {job.Why.ReplaceLineEndings(" ")}");
    }

    private static string Parameters(IEnumerable<ResultRow?> cells) =>
        cells.OfType<ResultRow>().Select(cell => cell.Parameters?.Adapter).OfType<double>().ToArray() is { Length: > 0 } all
            ? all.Average().ToString("N0", Plain) : "";

    private static string Mark(ResultRow row) =>
        (row.Against is { P: < 0.05 } ? "*" : "") + (row.Missing.Count > 0 ? $" ({row.Seeds.Count})" : "");

    private static string Score(double? mean, double? deviation) => mean is not { } value ? "–"
        : value.ToString("0.0", Plain) + (deviation is { } spread ? $" ± {spread.ToString("0.0", Plain)}" : "");

    private static string Signed(double value) => value.ToString("+0.00;−0.00;0.00", Plain);

    private static IEnumerable<string?> Cells(Spread? spread) => [Number(spread?.Mean), Number(spread?.Deviation)];

    private static string? Number(double? value) => value?.ToString("R", Plain);

    private static string Cell(string? text) => text is null ? ""
        : text.AsSpan().ContainsAny(",\"\r\n") ? $"\"{text.Replace("\"", "\"\"")}\""
        : text;

    private static string Escaped(string cell)
    {
        var text = new StringBuilder();
        foreach (var character in cell)
            text.Append(character switch
            {
                '&' or '%' or '$' or '#' or '_' or '{' or '}' => $"\\{character}",
                '~' => "\\textasciitilde{}", '^' => "\\textasciicircum{}", '\\' => "\\textbackslash{}",
                '±' => "$\\pm$", 'α' => "$\\alpha$", '–' => "--", '−' => "$-$",
                _ => character.ToString(),
            });
        return text.ToString();
    }
}
