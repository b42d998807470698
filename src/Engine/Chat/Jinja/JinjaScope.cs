using System.Text;

namespace LoraDrop.Engine.Chat.Jinja;

/// <summary>The names visible to a part of a template, its output, and its remaining budget.</summary>
internal sealed class JinjaScope
{
    private const int MostSteps = 5_000_000, MostText = 16 << 20, Deepest = 100;

    private readonly JinjaScope? _outer;
    private readonly Dictionary<string, object?> _names = [];
    private readonly Budget _budget;

    public JinjaScope(IEnumerable<KeyValuePair<string, object?>> names)
    {
        _budget = new();
        foreach (var (name, value) in names) _names[name] = value;
    }

    private JinjaScope(JinjaScope outer, StringBuilder? output)
    {
        (_outer, _budget, Output) = (outer, outer._budget, output ?? outer.Output);
    }

    public StringBuilder Output { get; } = new();

    /// <summary>A nested scope; names set in it are not visible here.</summary>
    /// <param name="output">Its output; null: the output of this scope.</param>
    public JinjaScope Inner(StringBuilder? output = null) => new(this, output);

    public object? this[string name]
    {
        get
        {
            for (var scope = this; scope is not null; scope = scope._outer)
                if (scope._names.TryGetValue(name, out var value)) return value;
            return new JinjaUndefined(name);
        }
        set => _names[name] = value;
    }

    public void Write(string text, int line)
    {
        if (Output.Length + text.Length > MostText) throw TooLong(line);
        Output.Append(text);
    }

    /// <summary>Returns a new value; a text that is too long is refused.</summary>
    public static object? Made(object? value, int line) => value is string { Length: > MostText } ? throw TooLong(line) : value;

    private static JinjaException TooLong(int line) => new($"more than {MostText >> 20} MiB of text come out", line);

    /// <summary>Counts one step, so that no template runs forever.</summary>
    public void Step(int line)
    {
        if (++_budget.Steps > MostSteps) throw new JinjaException($"the template takes more than {MostSteps} steps", line);
    }

    public void Enter(int line)
    {
        if (++_budget.Depth > Deepest) throw new JinjaException($"macros call each other deeper than {Deepest}", line);
    }

    public void Exit() => _budget.Depth--;

    private sealed class Budget
    {
        public int Steps { get; set; }

        public int Depth { get; set; }
    }
}
