using LoraDrop.Domain;

namespace LoraDrop.Engine.Data;

/// <summary>Remarks on how data files were read.</summary>
internal static class DataRemarks
{
    private const int MostClasses = 5;

    /// <summary>Columns that the task does not use: one remark for all files with the same ones.</summary>
    public static IEnumerable<string> NotUsed(IEnumerable<(string File, IReadOnlyList<string> Columns)> files) =>
        files.Where(file => file.Columns.Count > 0).GroupBy(file => ColumnChoice.Listed(file.Columns), file => file.File)
            .Select(same => $"{string.Join(", ", same.Distinct())}: not used: {same.Key}");

    /// <summary>Labels interpreted as class indices.</summary>
    public static string ByPlace(string file, string column, IReadOnlyList<string> labels) =>
        $"{file}: numbers in column {column} are taken as class indices: "
            + string.Join(", ", labels.Take(MostClasses).Select((name, i) => $"{i} is {name}"))
            + (labels.Count > MostClasses ? ", …." : ".");
}
