using Spectre.Console;

namespace LoraDrop.Cli;

/// <summary>A command's output: text for people, or JSON lines for scripts (--json).</summary>
internal record Terminal(bool Json)
{
    private const int Unfolded = 1000;

    /// <summary>The console: a terminal, or a file, whose lines are not wrapped.</summary>
    public IAnsiConsole Console { get; } = Prepared(AnsiConsole.Console);

    /// <summary>Writes a line for people; nothing with --json.</summary>
    public void Say(string line)
    {
        if (!Json) System.Console.Out.WriteLine(line); // never folded, unlike what Spectre writes
    }

    /// <summary>Writes a remark: a JSON line for scripts, a line on standard error for people.</summary>
    public void Note(string line)
    {
        if (Json) Tell<RunEvent>(new RunEvent.Remark(line));
        else System.Console.Error.WriteLine(line);
    }

    /// <summary>Writes a JSON line; nothing without --json.</summary>
    public void Tell<T>(T value)
    {
        if (Json) TellJson(JsonLinesView.Line(value));
    }

    /// <summary>Writes a line that is already JSON.</summary>
    public void TellJson(string line)
    {
        if (Json) System.Console.Out.WriteLine(line);
    }

    /// <summary>The view of a run: JSON lines, or progress for people.</summary>
    public IRunView View() => Json ? new JsonLinesView(System.Console.Out) : new ProgressView(Console, TimeProvider.System);

    private static IAnsiConsole Prepared(IAnsiConsole console)
    {
        if (!console.Profile.Capabilities.Interactive) console.Profile.Width = Unfolded;
        return console;
    }
}
