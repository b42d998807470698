using Spectre.Console;

namespace LoraDrop.Cli;

/// <summary>Two lines that live at the bottom of a terminal: a bar, and numbers. Disposing it leaves their last state in place and the cursor below them.</summary>
/// <remarks>Where the output is no terminal, a plain line every five seconds takes their place.</remarks>
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

    /// <summary>Whether there is a terminal to draw on.</summary>
    public bool Live { get; }

    /// <summary>Whether it is time for another frame, or line.</summary>
    public bool Due => _shown is not { } shown || _clock.GetElapsedTime(shown) >= (Live ? BetweenFrames : BetweenLogLines);

    /// <summary>Something new: its first frame is due at once.</summary>
    public void Begin() => _shown = null;

    /// <summary>In a log, a line is due only after a while: what is quick needs none.</summary>
    public void BeginLate()
    {
        if (!Live) _shown = _clock.GetTimestamp();
    }

    /// <summary>A bar, and numbers below it.</summary>
    /// <param name="name">Before the bar.</param>
    /// <param name="share">How much of the bar is full, 0 to 1.</param>
    /// <param name="count">Behind the bar, before the per cent.</param>
    /// <param name="numbers">The second line.</param>
    public void Draw(string name, double share, string count, string numbers)
    {
        var (before, behind) = ($"{name}  ", $"  {count}  {share:P0}");
        var width = Math.Max(0, _console.Profile.Width - 1 - before.Length - behind.Length);
        var done = Math.Clamp((int)(width * share), 0, width);
        Draw(before + new string('━', done) + new string('─', width - done) + behind, numbers);
    }

    /// <summary>Two lines, cut to the width: a line that wraps could not be erased again.</summary>
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

    /// <summary>Makes room for a line that stays.</summary>
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
