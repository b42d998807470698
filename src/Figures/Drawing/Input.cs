namespace LoraDrop.Figures.Drawing;

/// <summary>Rules that the input of all figures obeys, and the values that are left out because they are not finite.</summary>
internal sealed class Input
{
    private int _leftOut;

    /// <summary>Whether a value is drawn; counts those that are not.</summary>
    public bool Draws(params ReadOnlySpan<double> values)
    {
        foreach (var value in values)
            if (!double.IsFinite(value))
            {
                _leftOut++;
                return false;
            }
        return true;
    }

    /// <summary>The end of a sentence: a full stop, and before it what was left out.</summary>
    public string End() => _leftOut switch
    {
        0 => ".",
        1 => "; 1 value that is not a finite number is left out.",
        _ => $"; {_leftOut} values that are not finite numbers are left out.",
    };

    public static void Some<T>(IReadOnlyList<T> items, string what)
    {
        ArgumentNullException.ThrowIfNull(items);
        if (items.Count == 0) throw new ArgumentException($"a figure needs at least one {what}");
    }

    public static void Named(IEnumerable<string> names, string what)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var name in names)
        {
            if (string.IsNullOrWhiteSpace(name)) throw new ArgumentException($"the name of a {what} is empty");
            if (!seen.Add(name)) throw new ArgumentException($"two {what}s are named \"{name}\"");
        }
    }

    public static void Layers(IEnumerable<int> layers, string where)
    {
        var seen = new HashSet<int>();
        foreach (var layer in layers)
        {
            if (layer < 0) throw new ArgumentException($"{where}: layers count from 0; got {layer}");
            if (!seen.Add(layer)) throw new ArgumentException($"{where}: layer {layer} is given twice");
        }
    }

    /// <summary>A standard deviation is null, not finite (and left out), or at least 0.</summary>
    public static void Deviation(double? deviation, string where)
    {
        if (deviation < 0) throw new ArgumentException($"{where}: a standard deviation is at least 0; got {deviation}");
    }
}
