using System.Text;
using Spectre.Console;

namespace LoraDrop.Cli.Tests;

/// <summary>A console that writes into a string: redirected, or a terminal of 80 columns.</summary>
internal sealed class Written(bool terminal = false, bool colour = false)
{
    private readonly StringBuilder _text = new();
    private IAnsiConsole? _console;

    public IAnsiConsole Console => _console ??= Create();

    public string Text => _text.ToString();

    public string[] Lines => Text.TrimEnd().Split('\n', StringSplitOptions.TrimEntries);

    private IAnsiConsole Create()
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = terminal ? AnsiSupport.Yes : AnsiSupport.No,
            Interactive = terminal ? InteractionSupport.Yes : InteractionSupport.No,
            ColorSystem = colour ? ColorSystemSupport.TrueColor : ColorSystemSupport.NoColors,
            Out = new AnsiConsoleOutput(new StringWriter(_text)),
            Enrichment = new() { UseDefaultEnrichers = false },
        });
        console.Profile.Width = 80;
        return console;
    }
}
