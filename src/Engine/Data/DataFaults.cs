using System.Text.RegularExpressions;
using LoraDrop.Domain;

namespace LoraDrop.Engine.Data;

/// <summary>The faults of one data file: the first twenty different ones, and how many more there are. A fault repeated on many rows counts
/// once, with its first row and a count.</summary>
internal sealed partial class DataFaults(string file)
{
    private const int Most = 20;

    private readonly List<Repeated> _first = [];
    private readonly Dictionary<(string, string), Repeated> _known = [];
    private int _more;

    public void Add(string message) => Add("", message);

    /// <summary>Adds a fault at a place in the file: <c>row 7 (line 8) column label</c>. Data rows are numbered from 1.</summary>
    public void Add(string place, string message)
    {
        var row = Row().Match(place);
        var rest = place[row.Length..];
        if (row.Length > 0 && _known.TryGetValue((rest, message), out var known)) known.Count++;
        else if (_first.Count < Most)
        {
            var added = new Repeated(place, message);
            _first.Add(added);
            if (row.Length > 0) _known.Add((rest, message), added);
        }
        else _more++;
        Count++;
    }

    public bool Any => Count > 0;

    public int Count { get; private set; }

    public IEnumerable<Fault> All => _first.Select(fault => new Fault(fault.Place.Length == 0 ? file : $"{file} {fault.Place}",
        fault.Message)).Concat(_more == 0 ? [] : [new Fault(file, $"and {_more} more")]);

    /// <summary>Reads a file and passes on its faults.</summary>
    /// <returns>What was read; null if there are faults.</returns>
    public static T? Collect<T>(string path, List<Fault> faults, Func<DataFaults, T?> read) where T : class
    {
        var found = new DataFaults(Path.GetFileName(path));
        var result = read(found);
        faults.AddRange(found.All);
        return found.Any ? null : result;
    }

    [GeneratedRegex(@"^row \d+( \(line \d+\))?")]
    private static partial Regex Row();

    private sealed class Repeated(string place, string message)
    {
        public string Place => place;

        public int Count { get; set; } = 1;

        public string Message => Count == 1 ? message : $"{message}; so "
            + $"{(message.StartsWith("is ", StringComparison.Ordinal) ? Count == 2 ? "is" : "are" : "in")} "
            + $"{Count - 1} more {(Count == 2 ? "row" : "rows")}";
    }
}
