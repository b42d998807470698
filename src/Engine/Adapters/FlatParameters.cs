using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Adapters;

/// <summary>All trained parameters, as views into one flat buffer, so that an optimiser step is a dozen operations regardless of the number
/// of tensors.</summary>
/// <remarks>Each view's gradient is a view into <see cref="Gradients"/>, which the backward pass adds to; so gradients are zeroed, never
/// set to null.</remarks>
public sealed class FlatParameters : IDisposable
{
    private readonly Dictionary<string, Tensor> _views = [];
    private readonly List<Tensor> _gradientViews = [];
    private readonly List<string> _names = [];

    /// <param name="shapes">Names and shapes, in buffer order.</param>
    /// <param name="device">The buffer's device.</param>
    public FlatParameters(IReadOnlyList<(string Name, long[] Shape)> shapes, Device device)
    {
        using var scope = NewDisposeScope();
        var total = shapes.Sum(s => s.Shape.Numbers());
        Values = zeros(total, ScalarType.Float32, device).DetachFromDisposeScope();
        Gradients = zeros(total, ScalarType.Float32, device).DetachFromDisposeScope();
        long offset = 0;
        foreach (var (name, shape) in shapes)
        {
            var size = shape.Numbers();
            var view = Values.narrow(0, offset, size).view(shape).detach().requires_grad_(true).DetachFromDisposeScope();
            var gradient = Gradients.narrow(0, offset, size).view(shape).DetachFromDisposeScope();
            view.grad = gradient;
            _views.Add(name, view);
            _gradientViews.Add(gradient);
            _names.Add(name);
            offset += size;
        }
    }

    /// <summary>All trained numbers (N).</summary>
    public Tensor Values { get; }

    /// <summary>Their gradients (N).</summary>
    public Tensor Gradients { get; }

    /// <summary>Names, in buffer order.</summary>
    public IReadOnlyList<string> Names => _names;

    /// <summary>The view of one tensor, in its own shape.</summary>
    public Tensor this[string name] => _views[name];

    /// <summary>The gradient of one tensor, in its own shape.</summary>
    public Tensor GradientOf(string name) => _gradientViews[_names.IndexOf(name)];

    public bool Contains(string name) => _views.ContainsKey(name);

    /// <summary>Sets one tensor's values.</summary>
    /// <exception cref="RefusedInputException">The shapes differ.</exception>
    public void Set(string name, Tensor values)
    {
        var view = _views[name];
        if (!view.shape.SequenceEqual(values.shape))
            throw new RefusedInputException(name,
                $"has shape [{string.Join(", ", values.shape)}] where [{string.Join(", ", view.shape)}] is asked for");
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        view.copy_(values);
    }

    public void Dispose()
    {
        foreach (var view in _views.Values.Concat(_gradientViews)) view.Dispose();
        Values.Dispose();
        Gradients.Dispose();
    }
}
