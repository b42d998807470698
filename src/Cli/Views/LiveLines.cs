using Spectre.Console;

namespace LoraDrop.Cli;

/// <summary>Two live lines at the bottom of a terminal: a progress bar and numbers. Disposing it keeps their last state and moves the
/// cursor below.</summary>
/// <remarks>If the output is not a terminal, it writes a plain line every five seconds instead.</remarks>
internal sealed class LiveLines : IDisposable
{
    private static readonly TimeSpan BetweenFrames = TimeSpan.FromMilliseconds(100), BetweenLogLines = TimeSpan.FromSeconds(5);

    private readonly IAnsiConsole _console;
    private readonly TimeProvider _clock;
    private long? _shown;
    private bool _drawn;

    public LiveLines(IAnsiConsole console, TimeProvider clock)
    {
        (_console, _clock) = (console, clock);
        Live = console.Profile.Capabilities is { Ansi: true, Interactive: true };
        if (!Live) console.Profile.Width = 1000; // the lines of a log are not folded
    }

    /// <summary>Whether the output is a terminal.</summary>
    public bool Live { get; }

    /// <summary>Whether it is time for another frame, or line.</summary>
    public bool Due => _shown is not { } shown || _clock.GetElapsedTime(shown) >= (Live ? BetweenFrames : BetweenLogLines);

    /// <summary>Starts something new, whose first frame is due at once.</summary>
    public void Begin() => _shown = null;

    /// <summary>In a log, the first line is due only after a while, so quick work writes none.</summary>
    public void BeginLate()
    {
        if (!Live) _shown = _clock.GetTimestamp();
    }

    /// <summary>Draws a bar with numbers below.</summary>
    /// <param name="name">Text before the bar.</param>
    /// <param name="share">How much of the bar is full, 0 to 1.</param>
    /// <param name="count">Text after the bar, before the percentage.</param>
    /// <param name="numbers">The second line.</param>
    public void Draw(string name, double share, string count, string numbers)
    {
        var (before, behind) = ($"{name}  ", $"  {count}  {share:P0}");
        var width = Math.Max(0, _console.Profile.Width - 1 - before.Length - behind.Length);
        var done = Math.Clamp((int)(width * share), 0, width);
        Draw(before + new string('━', done) + new string('─', width - done) + behind, numbers);
    }

    /// <summary>Writes two lines cut to the width: a wrapped line could not be erased.</summary>
    public void Draw(string first, string second)
    {
        Erase();
        _shown = _clock.GetTimestamp();
        _console.WriteLine(Cut(first));
        _console.Write(Cut(second));
        _drawn = true;
    }

    /// <summary>A line of a log.</summary>
    public void Log(string line)
    {
        _shown = _clock.GetTimestamp();
        _console.WriteLine(line);
    }

    /// <summary>Erases the live lines, so that a permanent line can be written.</summary>
    public void Erase()
    {
        if (_drawn) _console.Write(new ControlCode("\r\e[2K\e[1A\e[2K"));
        _drawn = false;
    }

    public void Dispose()
    {
        if (_drawn) _console.WriteLine();
        _drawn = false;
    }

    private string Cut(string text) => text[..Math.Min(text.Length, _console.Profile.Width - 1)];
}
