using Spectre.Console;

namespace LoraDrop.Cli;

/// <summary>Shows a transfer's progress: a bar with size, speed and time left.</summary>
internal sealed class TransferView : IDisposable
{
    private readonly LiveLines _lines;
    private readonly TimeProvider _clock;
    private readonly string _name;
    private readonly long _began;
    private long _total;
    private long _done;
    private long _before = -1;

    /// <param name="console">The output.</param>
    /// <param name="clock">Measures the speed.</param>
    /// <param name="name">The name of the transfer.</param>
    /// <param name="total">Total bytes; 0 while unknown.</param>
    public TransferView(IAnsiConsole console, TimeProvider clock, string name, long total)
    {
        (_lines, _clock, _name, _total, _began) = (new(console, clock), clock, name, total, clock.GetTimestamp());
        _lines.BeginLate();
    }

    /// <summary>Adds bytes.</summary>
    public void Add(long bytes) => Reached(_done + bytes);

    /// <summary>Sets the bytes so far, and the total if it has changed.</summary>
    public void Reached(long done, long? of = null)
    {
        if (of is { } known) _total = known;
        (_done, _before) = (done, _before < 0 ? done : _before); // what was there before did not travel now
        if (_total <= 0 || (!_lines.Due && done < _total)) return;
        var count = $"{Words.Bytes(done)} of {Words.Bytes(_total)}";
        if (_lines.Live) _lines.Draw(_name, Math.Min(1, (double)done / _total), count, Speed(done));
        else if (done < _total) _lines.Log($"  {_name}  {count}  {Speed(done)}"); // that it is done, the command says
    }

    public void Dispose() => _lines.Erase();

    private string Speed(long done)
    {
        var speed = (done - _before) / _clock.GetElapsedTime(_began).TotalSeconds;
        return speed > 0 && double.IsFinite(speed) ? $"{Words.Bytes((long)speed)}/s  {Words.Duration((_total - done) / speed)} left" : "";
    }
}
