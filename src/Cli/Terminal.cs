using Spectre.Console;

namespace LoraDrop.Cli;

/// <summary>How a command talks: to people, or with --json to scripts.</summary>
internal record Terminal(bool Json)
{
    private const int Unfolded = 1000;

    /// <summary>Where people read: a terminal, or a file, whose lines are not folded.</summary>
    public IAnsiConsole Console { get; } = Prepared(AnsiConsole.Console);

    /// <summary>A line for people; nothing with --json.</summary>
    public void Say(string line)
    {
        if (!Json) System.Console.Out.WriteLine(line); // never folded, unlike what Spectre writes
    }

    /// <summary>A line beside the output: a remark among the lines for scripts, on standard error for people.</summary>
    public void Note(string line)
    {
        if (Json) Tell<RunEvent>(new RunEvent.Remark(line));
        else System.Console.Error.WriteLine(line);
    }

    /// <summary>A line for scripts; nothing without --json.</summary>
    public void Tell<T>(T value)
    {
        if (Json) TellJson(JsonLinesView.Line(value));
    }

    /// <summary>A line for scripts that is JSON already.</summary>
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
