namespace LoraDrop.Engine.Chat.Jinja;

/// <summary>A template cannot be rendered: it is malformed, uses undefined names, or refuses the messages itself.</summary>
/// <param name="message">The fault.</param>
/// <param name="line">Line of the template, from 1; 0 if the template itself refuses (<c>raise_exception</c>).</param>
internal sealed class JinjaException(string message, int line) : Exception(line == 0 ? message : $"{message} (line {line} of the template)")
{
    /// <summary>Whether the template refused the messages with <c>raise_exception</c>.</summary>
    public bool ByTemplate => line == 0;
}
