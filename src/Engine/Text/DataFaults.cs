using LoraDrop.Domain;

namespace LoraDrop.Engine;

/// <summary>What is wrong with one data file: the first twenty faults, and how many more there are.</summary>
internal sealed class DataFaults(string file)
{
    private const int Most = 20;

    private readonly List<Fault> _first = [];
    private int _more;

    public void Add(string message) => Add(new Fault(file, message));

    /// <summary>A fault at a place in the file: <c>row 7 (line 8) column label</c>. Rows count the data from 1.</summary>
    public void Add(string place, string message) => Add(new Fault($"{file} {place}", message));

    public bool Any => _first.Count > 0;

    public int Count => _first.Count + _more;

    public IEnumerable<Fault> All => _more == 0 ? _first : _first.Append(new Fault(file, $"and {_more} more"));

    private void Add(Fault fault)
    {
        if (_first.Count < Most) _first.Add(fault);
        else _more++;
    }
}
