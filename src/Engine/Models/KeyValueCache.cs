using static TorchSharp.torch;

namespace LoraDrop.Engine.Models;

/// <summary>Keys and values of the tokens a decoder has seen, so that each new token costs one step instead of a whole text.</summary>
public sealed class KeyValueCache : IDisposable
{
    private readonly LayerCache[] _layers;

    /// <param name="layers">Number of layers.</param>
    public KeyValueCache(int layers) => _layers = [.. Enumerable.Range(0, layers).Select(_ => new LayerCache())];

    /// <summary>Number of tokens, including padding.</summary>
    public long Length => Segments.shape[1];

    /// <summary>One more than the highest position.</summary>
    public long Longest { get; private set; }

    /// <summary>Whether causal order alone decides which tokens are visible.</summary>
    public bool FromTheLeft { get; private set; } = true;

    /// <summary>The text of each token (B, S), int64; padding −1.</summary>
    internal Tensor Segments { get; private set; } = null!;

    /// <summary>The position in its text of each token (B, S), int64.</summary>
    internal Tensor Positions { get; private set; } = null!;

    public LayerCache this[int layer] => _layers[layer];

    /// <summary>Whether it has seen no token yet.</summary>
    internal bool IsEmpty => Segments is null;

    /// <summary>Adds the new tokens.</summary>
    internal void See(TokenPlaces places)
    {
        Segments = Grown(Segments, places.Segments);
        Positions = Grown(Positions, places.Positions);
        Longest = Math.Max(Longest, places.Longest);
        FromTheLeft &= places.FromTheLeft && !places.Padded; // padding would lie between a text and its next tokens
    }

    /// <summary>Keeps these rows, in this order: for forking beams and removing finished texts.</summary>
    /// <param name="rows">(B′), int64: current rows; later batches have B′ rows.</param>
    public void Select(Tensor rows)
    {
        using var scope = NewDisposeScope();
        (Segments, Positions) = (LayerCache.Chosen(Segments, rows), LayerCache.Chosen(Positions, rows));
        foreach (var layer in _layers) layer.Select(rows);
    }

    public void Dispose()
    {
        Segments?.Dispose();
        Positions?.Dispose();
        foreach (var layer in _layers) layer.Dispose();
    }

    private static Tensor Grown(Tensor? before, Tensor now)
    {
        var grown = (before is null ? now.clone() : cat([before, now], 1)).DetachFromDisposeScope();
        before?.Dispose();
        return grown;
    }
}

/// <summary>The keys and values of one layer, in buffers that double when full.</summary>
public sealed class LayerCache : IDisposable
{
    private Tensor? _keys, _values; // (B, G, capacity, w)
    private long _length;

    internal bool IsEmpty => _keys is null;

    /// <summary>Appends those of new tokens.</summary>
    /// <returns>All of them (B, G, S, w): views of the buffers.</returns>
    public (Tensor Keys, Tensor Values) Append(Tensor k, Tensor v)               // (B, G, T, w)
    {
        var length = _length + k.shape[2];
        if (_keys is null || length > _keys.shape[2])
        {
            (_keys, _values) = (Larger(_keys, k, length), Larger(_values, v, length));
        }
        _keys.narrow(2, _length, k.shape[2]).copy_(k);
        _values!.narrow(2, _length, k.shape[2]).copy_(v);
        _length = length;
        return (_keys.narrow(2, 0, length), _values.narrow(2, 0, length));
    }

    internal void Select(Tensor rows)
    {
        (_keys, _values) = (Chosen(_keys!, rows), Chosen(_values!, rows));
    }

    public void Dispose()
    {
        _keys?.Dispose();
        _values?.Dispose();
    }

    private Tensor Larger(Tensor? before, Tensor like, long length)
    {
        using var scope = NewDisposeScope();
        var shape = like.shape;
        var larger = empty([shape[0], shape[1], Math.Max(length, 2 * _length), shape[3]], like.dtype, like.device).DetachFromDisposeScope();
        if (before is not null) larger.narrow(2, 0, _length).copy_(before.narrow(2, 0, _length));
        before?.Dispose();
        return larger;
    }

    /// <summary>Replaces a tensor by a selection of its rows.</summary>
    internal static Tensor Chosen(Tensor from, Tensor rows)
    {
        var chosen = from.index_select(0, rows).DetachFromDisposeScope();
        from.Dispose();
        return chosen;
    }
}
