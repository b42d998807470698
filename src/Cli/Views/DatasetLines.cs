using LoraDrop.Api;
using LoraDrop.Domain;
using Spectre.Console;

namespace LoraDrop.Cli;

/// <summary>Shows a ready dataset: each split with its rows, and each column with its contents.</summary>
internal static class DatasetLines
{
    /// <summary>The most classes whose rows are listed; of more, only their number is shown.</summary>
    private const int MostValues = 6;

    public static void Write(IAnsiConsole console, DatasetView dataset)
    {
        foreach (var split in dataset.Splits ?? [])
        {
            var header = split.Header ? "" : ", no header: columns are counted from 0";
            console.MarkupLineInterpolated(
                $"[bold]{split.Split}[/]  {split.Rows:N0} rows, {Words.Bytes(split.Bytes)}, {split.File}{header}");
            if (split.Columns is { } columns)
                PlainTable.Write(console, ["column", "type", ">empty", ">different", ">longest", "values"], columns.Select(Row));
            if (split.NotUsed is { Count: > 0 } unused) console.MarkupLineInterpolated($"not used: {string.Join(", ", unused)}");
            foreach (var remark in split.Remarks ?? []) console.MarkupLineInterpolated($"[yellow]![/] {remark}");
        }
    }

    private static IReadOnlyList<string?> Row(ColumnSummary column) =>
        [column.Name, Type(column.Type), $"{column.Empty:N0}", Distinct(column.Distinct), $"{column.Longest:N0}", Values(column)];

    private static string Type(ColumnType type) => type == ColumnType.Whole ? "integer" : JsonText.NameOf(type);

    private static string Distinct(int distinct) =>
        distinct < ColumnSummary.MostDistinct ? $"{distinct:N0}" : $"over {ColumnSummary.MostDistinct - 1:N0}";

    private static string? Values(ColumnSummary column) => column.Values is { Count: > 0 and <= MostValues } values
        ? string.Join(", ", values.Select(value => $"{value.Key} ×{value.Value:N0}"))
        : null;
}
