using System.Diagnostics;

namespace LoraDrop.Engine.Training;

/// <summary>Training speed, as a running mean over about the last twenty steps.</summary>
internal sealed class Pace
{
    private const double Memory = 0.95;
    private long _last = Stopwatch.GetTimestamp();
    private double _weight, _seconds, _tokens;

    public double TokensPerSecond => _seconds > 0 ? _tokens / _seconds : 0;

    public double SecondsPerStep => _weight > 0 ? _seconds / _weight : 0;

    /// <summary>Duration of the last step.</summary>
    public double LastSeconds { get; private set; }

    /// <summary>Excludes the time until now from the next <see cref="Step"/>.</summary>
    public void Restart() => _last = Stopwatch.GetTimestamp();

    public void Step(long tokens)
    {
        var elapsed = Stopwatch.GetElapsedTime(_last).TotalSeconds;
        LastSeconds = elapsed;
        (_weight, _seconds, _tokens) = (Memory * _weight + 1, Memory * _seconds + elapsed, Memory * _tokens + tokens);
        Restart();
    }
}
