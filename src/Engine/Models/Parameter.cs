using static TorchSharp.torch;

namespace LoraDrop.Engine.Models;

/// <summary>A named weight of a model: as loaded, or numbers that learn in its place.</summary>
/// <remarks>The model owns the frozen tensor; whoever lets the weight learn owns the learning numbers, and frees them after
/// <see cref="Freeze"/>.</remarks>
/// <param name="name">Its name in the published checkpoint.</param>
/// <param name="frozen">The tensor as loaded; one that already requires a gradient learns from the start.</param>
public sealed class Parameter(string name, Tensor frozen)
{
    private readonly bool _alwaysLearns = frozen.requires_grad;
    private Tensor _numbers = frozen;
    private Func<Tensor>? _made;

    /// <summary>Its name in the published checkpoint, <c>roberta.encoder.layer.0.attention.self.query.weight</c>.</summary>
    public string Name => name;

    /// <summary>The tensor as loaded.</summary>
    public Tensor Frozen { get; } = frozen;

    /// <summary>The tensor of forward passes: <see cref="Frozen"/>, or the learning numbers.</summary>
    public Tensor Value => _made?.Invoke() ?? _numbers;

    /// <summary>Whether backward passes give <see cref="Value"/> a gradient.</summary>
    public bool Learns { get; private set; } = frozen.requires_grad;

    /// <summary>Puts learning numbers in the place of the frozen ones.</summary>
    /// <param name="numbers">Of the same shape, float32, and requiring a gradient: a view of <see cref="FlatParameters"/>. Not copied;
    /// must live until <see cref="Freeze"/>.</param>
    /// <exception cref="ArgumentException">They are not such numbers.</exception>
    public void Learn(Tensor numbers)
    {
        if (!numbers.shape.SequenceEqual(Frozen.shape))
            throw new ArgumentException($"{name} has shape [{string.Join(", ", Frozen.shape)}], not [{string.Join(", ", numbers.shape)}]",
                nameof(numbers));
        if (numbers.dtype != ScalarType.Float32 || !numbers.requires_grad)
            throw new ArgumentException($"{name} learns in float32 numbers that require a gradient", nameof(numbers));
        (_numbers, _made, Learns) = (numbers, null, true);
    }

    /// <summary>Puts numbers that are computed of others in the place of the frozen ones.</summary>
    /// <param name="made">Computes them, float32 and of the same shape, for each use; the caller owns the result.</param>
    public void Learn(Func<Tensor> made) => (_made, Learns) = (made, true);

    /// <summary>Puts the tensor back as loaded.</summary>
    public void Freeze() => (_numbers, _made, Learns) = (Frozen, null, _alwaysLearns);

    /// <summary>Puts the tensor back as loaded for a while.</summary>
    /// <returns>Puts the learning numbers in its place again.</returns>
    public Action Suspend()
    {
        var (numbers, made, learns) = (_numbers, _made, Learns);
        Freeze();
        return () => (_numbers, _made, Learns) = (numbers, made, learns);
    }

    /// <summary>The value for a computation in a type: learning numbers are converted to it, and their gradients back; frozen ones are as
    /// loaded.</summary>
    internal Tensor In(ScalarType type)
    {
        var value = Value;
        return Learns && value.dtype != type ? value.to(type) : value;
    }

    /// <summary>The rows with these numbers of a table (V, d), in the table's type as loaded, so that the model computes in it.</summary>
    internal Tensor Rows(Tensor ids)                                             // ids: (B, T)
    {
        var rows = Value.index_select(0, ids.flatten()).view(ids.shape[0], ids.shape[1], Frozen.shape[1]); // (B, T, d)
        return Learns && rows.dtype != Frozen.dtype ? rows.to(Frozen.dtype) : rows;
    }
}
