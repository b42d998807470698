using Spectre.Console;

namespace LoraDrop.Cli;

/// <summary>Shows bytes on their way: a bar with size, speed and time left.</summary>
internal sealed class TransferView(IAnsiConsole console, TimeProvider clock, string name, long total) : IDisposable
{
    private readonly LiveLines _lines = new(console, clock);
    private readonly long _began = clock.GetTimestamp();
    private long _done;
    private long _before = -1;

    /// <summary>So many more.</summary>
    public void Add(long bytes) => Reached(_done + bytes);

    /// <summary>So many in all, of perhaps another total than was thought.</summary>
    public void Reached(long done, long? of = null)
    {
        if (of is { } known) total = known;
        (_done, _before) = (done, _before < 0 ? done : _before); // what was there before did not travel now
        if (total <= 0 || (!_lines.Due && done < total)) return;
        var count = $"{Words.Bytes(done)} of {Words.Bytes(total)}";
        if (_lines.Live) _lines.Draw(name, Math.Min(1, (double)done / total), count, Speed(done));
        else if (done < total) _lines.Log($"  {name}  {count}  {Speed(done)}"); // that it is done, the command says
    }

    public void Dispose() => _lines.Erase();

    private string Speed(long done)
    {
        var speed = (done - _before) / clock.GetElapsedTime(_began).TotalSeconds;
        return speed > 0 && double.IsFinite(speed) ? $"{Words.Bytes((long)speed)}/s  {Words.Duration((total - done) / speed)} left" : "";
    }
}
