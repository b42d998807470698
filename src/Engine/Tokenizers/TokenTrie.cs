namespace LoraDrop.Engine.Tokenizers;

/// <summary>A trie of texts with a number each: finds every text that starts at a position.</summary>
/// <remarks>All nodes share one table (open addressing), so a vocabulary of 250,000 pieces loads in a fraction of a second.</remarks>
internal sealed class TokenTrie
{
    public const int Root = 0, None = -1;

    private readonly List<int> _values = [None];
    private ulong[] _edges = new ulong[64];
    private int[] _children = new int[64];
    private int _shift = 64 - 6;

    /// <param name="text">Not empty. Adding it again replaces its number.</param>
    /// <param name="value">0 or more.</param>
    public void Add(string text, int value)
    {
        var node = Root;
        foreach (var letter in text)
        {
            var child = Child(node, letter);
            node = child >= 0 ? child : NewChild(node, letter);
        }
        _values[node] = value;
    }

    /// <summary>The node that a letter leads to, or <see cref="None"/>.</summary>
    public int Child(int node, char letter)
    {
        var edge = Edge(node, letter);
        for (var place = Place(edge); ; place = (place + 1) & (_edges.Length - 1))
        {
            if (_edges[place] == edge) return _children[place];
            if (_edges[place] == 0) return None;
        }
    }

    /// <summary>The number of the text that ends at a node, or <see cref="None"/>.</summary>
    public int Value(int node) => _values[node];

    private int NewChild(int node, char letter)
    {
        var child = _values.Count;
        _values.Add(None);
        if (child * 2 > _edges.Length) Grow();
        Put(Edge(node, letter), child);
        return child;
    }

    private void Grow()
    {
        var (edges, children) = (_edges, _children);
        (_edges, _children) = (new ulong[edges.Length * 2], new int[edges.Length * 2]);
        _shift--;
        for (var i = 0; i < edges.Length; i++)
        {
            if (edges[i] != 0) Put(edges[i], children[i]);
        }
    }

    private void Put(ulong edge, int child)
    {
        var place = Place(edge);
        while (_edges[place] != 0) place = (place + 1) & (_edges.Length - 1);
        (_edges[place], _children[place]) = (edge, child);
    }

    /// <summary>Packs node and letter into one number that is never 0.</summary>
    private static ulong Edge(int node, char letter) => ((ulong)node << 16 | letter) + 1;

    private int Place(ulong edge) => (int)(edge * 0x9E3779B97F4A7C15UL >> _shift);
}
