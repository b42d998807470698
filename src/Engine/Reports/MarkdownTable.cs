using System.Text.RegularExpressions;

namespace LoraDrop.Engine.Reports;

/// <summary>A table in GitHub's Markdown, whose cells show exactly the given text.</summary>
internal static partial class MarkdownTable
{
    public static string Of(IReadOnlyList<string> head, IEnumerable<IReadOnlyList<string>> rows) =>
        string.Join('\n', (string[])[Row(head.Select(Escaped)), Row(head.Select(_ => "---")),
            .. rows.Select(row => Row(row.Select(Escaped)))]);

    /// <summary>Escapes text for Markdown and HTML, on one line.</summary>
    public static string Escaped(string text) =>
        Special().Replace(LineBreak().Replace(text, " "), @"\$0");

    private static string Row(IEnumerable<string> cells) => $"| {string.Join(" | ", cells)} |";

    [GeneratedRegex(@"[\\`*_{}\[\]<>|~#&$]")]
    private static partial Regex Special();

    [GeneratedRegex(@"\s*[\r\n]+\s*")]
    private static partial Regex LineBreak();
}
