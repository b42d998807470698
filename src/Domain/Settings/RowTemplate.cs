using System.Text;

namespace LoraDrop.Domain;

/// <summary>A template with columns of a row: <c>"Question: {question}\nAnswer:"</c>. Literal braces are doubled.</summary>
public sealed class RowTemplate
{
    private readonly IReadOnlyList<(string Text, string? Column)> _parts;

    private RowTemplate(IReadOnlyList<(string, string?)> parts) => _parts = parts;

    /// <summary>The distinct columns of the template.</summary>
    public IReadOnlyList<string> Columns => [.. _parts.Select(part => part.Column).OfType<string>().Distinct()];

    /// <summary>Validates a template; null if it is valid.</summary>
    public static string? Fault(string template) => Parse(template, out _);

    /// <exception cref="ArgumentException">It has a <see cref="Fault"/>.</exception>
    public static RowTemplate Of(string template) =>
        Parse(template, out var parts) is { } fault ? throw new ArgumentException(fault, nameof(template)) : new(parts);

    /// <summary>The text of a row.</summary>
    /// <param name="cell">The cell of a column.</param>
    public string Fill(Func<string, string> cell) =>
        string.Concat(_parts.Select(part => part.Column is { } column ? cell(column) : part.Text));

    private static string? Parse(string template, out IReadOnlyList<(string Text, string? Column)> parts)
    {
        var found = new List<(string, string?)>();
        var text = new StringBuilder();
        parts = found;
        for (var i = 0; i < template.Length; i++)
        {
            var c = template[i];
            if (c is not ('{' or '}')) text.Append(c);
            else if (i + 1 < template.Length && template[i + 1] == c) text.Append(template[i++]);
            else if (c == '}') return $"closes a brace at character {i + 1} that was not opened; write a literal brace as }}}}";
            else
            {
                var end = template.IndexOf('}', i);
                if (end < 0) return $"opens a brace at character {i + 1} that is never closed; write a literal brace as {{{{";
                var column = template[(i + 1)..end];
                if (string.IsNullOrWhiteSpace(column) || column.Contains('{'))
                    return $"has no column name between the braces at character {i + 1}";
                if (text.Length > 0) found.Add((text.ToString(), null));
                text.Clear();
                found.Add(("", column));
                i = end;
            }
        }
        if (text.Length > 0) found.Add((text.ToString(), null));
        return found.Any(part => part.Item2 is not null) ? null : "must contain a column in braces, such as {question}";
    }
}
