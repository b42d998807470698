using System.Text;

namespace LoraDrop.Engine.Tokenizers;

/// <summary>A pattern to find in texts: a string or a regular expression (<c>{"String": …}</c>, <c>{"Regex": …}</c>).</summary>
internal sealed class TextPattern
{
    private readonly string? _text;
    private readonly CodePointRegex? _regex;

    private TextPattern(string? text, CodePointRegex? regex) => (_text, _regex) = (text, regex);

    /// <exception cref="Domain.RefusedInputException">It is neither, is empty, or is a regular expression that .NET does not
    /// support.</exception>
    public static TextPattern From(JsonField field)
    {
        var regex = field["Regex"];
        if (regex.IsAbsent)
        {
            var text = field["String"];
            return text.Text.Length > 0 ? new(text.Text, null) : throw text.Refused("must not be empty.");
        }
        try
        {
            return new(null, new CodePointRegex(OnigurumaPattern.Compile(regex.Text)));
        }
        catch (InvalidDataException fault)
        {
            throw regex.Refused(fault.Message);
        }
    }

    /// <summary>The matches, in order, without overlap.</summary>
    public IEnumerable<(int Start, int End)> Matches(string text) => _regex is null ? TextMatches(text) : _regex.Matches(text);

    public string Replace(string text, string content)
    {
        if (_text is not null) return text.Replace(_text, content, StringComparison.Ordinal);
        var replaced = new StringBuilder(text.Length);
        var done = 0;
        foreach (var (start, end) in Matches(text))
        {
            replaced.Append(text, done, start - done).Append(content);
            done = end;
        }
        return done == 0 && replaced.Length == 0 ? text : replaced.Append(text, done, text.Length - done).ToString();
    }

    private IEnumerable<(int Start, int End)> TextMatches(string text)
    {
        for (var done = 0; text.IndexOf(_text!, done, StringComparison.Ordinal) is >= 0 and var start; done = start + _text!.Length)
        {
            yield return (start, start + _text!.Length);
        }
    }
}
