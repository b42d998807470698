namespace LoraDrop.Domain;

/// <summary>Checks that a file has the columns of templates.</summary>
public static class TextColumns
{
    /// <summary>The first choice whose columns are all present; null if there is none.</summary>
    public static TextSettings? Chosen(IReadOnlyList<TextSettings> choices, IReadOnlyCollection<string> there) =>
        choices.FirstOrDefault(choice => choice.Columns.All(there.Contains));

    /// <summary>The fault's message if none of the choices is present.</summary>
    public static string Wanted(IReadOnlyList<TextSettings> choices, IReadOnlyCollection<string> there, bool header,
        string? whyNoHeader = null)
    {
        var missing = choices.Count == 1 ? choices[0].Columns.Except(there).ToArray() : [];
        return "must have the columns "
            + $"{string.Join(" or ", choices.Select(choice => $"({string.Join(", ", choice.Columns)})"))}; it has "
            + $"({ColumnChoice.Listed(there)})"
            + (missing.Length == 1 ? Spelling.Hint(missing[0], there) : "") + ColumnChoice.Otherwise([.. choices.SelectMany(choice =>
                choice.Columns)], header, whyNoHeader);
    }
}
