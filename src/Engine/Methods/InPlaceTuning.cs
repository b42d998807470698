using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Methods;

/// <summary>A method that trains weights of the model itself, in place of the frozen ones. The head is trained beside them.</summary>
/// <param name="at">The model; its target layers may have branches.</param>
/// <param name="learns">Whether a weight is trained.</param>
/// <param name="head">Whether weights of the head are among them.</param>
internal sealed class InPlaceTuning(Placement at, Func<Parameter, bool> learns, bool head = false) : Tuning(at)
{
    private readonly IReadOnlyList<Parameter> _learning =
        [.. at.Model.Parameters.Except(head ? [] : at.Model.HeadParameters).Where(learns)];

    public override IReadOnlyList<TrainedTensor> Trained =>
        [.. _learning.Select(weight => new TrainedTensor(NameOf(weight), weight.Frozen.shape)
        {
            Initial = (_, _, _) => weight.Frozen.alias(),
        })];

    public override void Place(FlatParameters values)
    {
        foreach (var weight in _learning) weight.Learn(values[NameOf(weight)]);
    }

    public override void Remove()
    {
        foreach (var weight in _learning) weight.Freeze();
    }

    public override IReadOnlyDictionary<string, Tensor> Expanded(FlatParameters values) =>
        _learning.ToDictionary(NameOf, weight => values[NameOf(weight)]);

    /// <summary>The biases of a model.</summary>
    /// <exception cref="RefusedInputException">It has none.</exception>
    public static InPlaceTuning OfBiases(Placement at)
    {
        var biases = new InPlaceTuning(at, weight => weight.Name.EndsWith(".bias", StringComparison.Ordinal));
        return biases._learning.Count > 0 ? biases : throw new RefusedInputException([BitFitSettings.Refusal]);
    }

    /// <summary>Whether a weight belongs to the upper layers.</summary>
    public static Func<Parameter, bool> OfLastLayers(FrozenModel model, int count)
    {
        string[] paths = [.. Enumerable.Range(model.Config.Layers - count, count).Select(model.Config.LayerPrefix)];
        return weight => paths.Any(path => weight.Name.StartsWith(path, StringComparison.Ordinal));
    }

    /// <summary>PEFT wraps a layer with a branch, and calls what it wraps its base layer.</summary>
    private string NameOf(Parameter weight) => At.Sites.FirstOrDefault(site => weight.Name == $"{site.Linear.Path}.bias") is { } wrapped
        ? $"{Placement.PeftPrefix}{wrapped.Linear.Path}.base_layer.bias"
        : $"{Placement.PeftPrefix}{weight.Name}";
}
