using System.Text.Json;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Tests;

/// <summary>What transformers and PEFT compute with one tuning method on a model of <see cref="GoldenModel"/>: before training, and
/// after five optimiser steps on its batch (Golden/methods, Golden/README.md).</summary>
internal sealed class MethodCase : IDisposable
{
    /// <summary>The bounds (absolute) within which another float32 engine should be.</summary>
    public const double LogitBound = 5e-5, GradientBound = 5e-5, LossBound = 2e-5, ParameterBound = 2e-5;

    /// <param name="model">A folder of Golden/methods.</param>
    /// <param name="case">The method's name.</param>
    /// <param name="named">The name here of a trained tensor of the case; null: the same.</param>
    public MethodCase(string model, string @case, Func<string, string>? named = null)
    {
        Golden = new(model);
        Folder = Path.Combine(AppContext.BaseDirectory, "Golden", "methods", model);
        Json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder, $"{@case}.json"))).RootElement;
        var files = new Dictionary<string, SafeTensorsFile>();
        Tensor Stored(JsonElement tensor)
        {
            if (tensor.TryGetProperty("data", out _)) return GoldenModel.TensorOf(tensor);
            // the base models are beside this folder here, and beside its parent where the references were made
            var path = (tensor.TryGetProperty("file", out var other) ? other : Json.GetProperty("tensors_in")).GetString()!
                .Replace("../../../golden/", "../../");
            if (!files.TryGetValue(path, out var file)) files[path] = file = SafeTensorsFile.Open(Path.Combine(Folder, path));
            return file.Read(tensor.GetProperty("tensor").GetString()!, ScalarType.Float32).reshape(GoldenModel.ShapeOf(tensor));
        }
        Dictionary<string, Tensor> Named(string field) =>
            Json.GetProperty(field).EnumerateObject().ToDictionary(
            tensor => named?.Invoke(tensor.Name) ?? tensor.Name, tensor => Stored(tensor.Value));
        (Initial, Gradients, AfterAdamW) = (Named("initial"), Named("gradients"), Named("after_adamw"));
        (Logits, LogitsAfter) = (Stored(Json.GetProperty("logits")), Stored(Json.GetProperty("logits_after")));
        ReloadedLogits = Json.TryGetProperty("adapter", out var saved)
            && saved.TryGetProperty("logits_of_reloaded_adapter", out var reloaded)
            ? Stored(reloaded)
            : Logits;
        foreach (var file in files.Values) file.Dispose();
    }

    /// <summary>The base model and the batch.</summary>
    public GoldenModel Golden { get; }

    public FrozenModel Model => Golden.Model;

    /// <summary>The case's folder, in which its adapters are: <c>adapter_(case)</c>, and for some <c>adapter_(case)_trained</c>.</summary>
    public string Folder { get; }

    /// <summary>The case's other fields.</summary>
    public JsonElement Json { get; }

    /// <summary>The names of the trained tensors, in transformers' order.</summary>
    public IReadOnlyList<string> Trainable => [.. Json.GetProperty("trainable").EnumerateArray().Select(name => name.GetString()!)];

    /// <summary>The trained tensors by name, before training.</summary>
    public IReadOnlyDictionary<string, Tensor> Initial { get; }

    /// <summary>∂L of the first step.</summary>
    public IReadOnlyDictionary<string, Tensor> Gradients { get; }

    /// <summary>The trained tensors after the steps.</summary>
    public IReadOnlyDictionary<string, Tensor> AfterAdamW { get; }

    /// <summary>(B, C), or (B, T, V), before training.</summary>
    public Tensor Logits { get; }

    public Tensor LogitsAfter { get; }

    /// <summary>What PEFT computes from the folder that it saved before training; as a rule <see cref="Logits"/>.</summary>
    public Tensor ReloadedLogits { get; }

    public double Loss => Json.GetProperty("loss").GetDouble();

    public double LossAfter => Json.GetProperty("loss_after").GetDouble();

    /// <summary>The loss before each step.</summary>
    public IReadOnlyList<double> StepLosses => [.. Json.GetProperty("step_losses").GetProperty("data").EnumerateArray()
        .Select(loss => loss.GetDouble())];

    /// <summary>Tensors whose gradient is 0 but for rounding, from which AdamW makes steps of its full rate: no reference after
    /// training.</summary>
    public IReadOnlySet<string> Noise => Json.GetProperty("float64").TryGetProperty("after_adamw_is_rounding_noise_in", out var noise)
        ? noise.EnumerateObject().Select(tensor => tensor.Name).ToHashSet() : [];

    /// <summary>Asserts that the model, with the method on it at the initial values, gives the logits, loss and gradients, and that the
    /// steps give the losses, trained tensors and logits.</summary>
    /// <param name="learning">The trained tensors, under the case's names.</param>
    /// <param name="step">Performs step t, from 1, and zeroes the gradients; null: AdamW, as in most cases.</param>
    /// <param name="loss">Computes the loss; null: as training does.</param>
    public void AssertReproduced(FlatParameters learning, Action<int>? step = null, Func<Tensor>? loss = null)
    {
        loss ??= Golden.Loss;
        using var adamw = new AdamW(learning, weightDecay: 0.01);
        step ??= t => adamw.Step(t, [new(learning.Values.numel(), 1e-3)]);
        AssertLogits(Logits, "logits");
        foreach (var (before, expected) in StepLosses.Index())
        {
            using var scope = NewDisposeScope();
            var mean = loss();                                                   // ()
            AssertClose(expected, mean.item<float>(), $"the loss before step {before + 1}");
            if (before == 0) AssertClose(Loss, mean.item<float>(), "the loss");
            mean.backward();
            if (before == 0)
                foreach (var (name, gradient) in Gradients) AssertClose(gradient, learning.GradientOf(name), GradientBound, $"∂L/∂{name}");
            step(before + 1);
        }
        foreach (var (name, after) in AfterAdamW.Where(tensor => Gradients.ContainsKey(tensor.Key) && !Noise.Contains(tensor.Key)))
            AssertClose(after, learning[name], ParameterBound, name);
        AssertLogits(LogitsAfter, "logits after training");
        AssertClose(LossAfter, loss().item<float>(), "the loss after training");
    }

    /// <summary>Asserts that the model gives logits, at tokens that are not padding.</summary>
    public void AssertLogits(Tensor expected, string what)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var actual = Golden.Logits();
        if (expected.dim() == 3)
        {
            var (T, real) = (Golden.Batch.Mask.shape[1], Golden.Batch.Mask.unsqueeze(-1)); // (B, T, 1)
            expected = expected.narrow(1, expected.shape[1] - T, T) * real;      // (B, T, V), without what a prompt method puts in front
            actual *= real;
        }
        AssertClose(expected, actual, LogitBound, what);
    }

    public static void AssertClose(Tensor expected, Tensor actual, double bound, string what)
    {
        Assert.Equal(expected.shape, actual.shape);
        using var scope = NewDisposeScope();
        var difference = (expected - actual.detach()).abs().max().item<float>();
        Assert.True(difference <= bound, $"{what}: differs by {difference:g3}, allowed {bound:g3}");
    }

    public void Dispose() => Golden.Dispose();

    private static void AssertClose(double expected, double actual, string what) =>
        Assert.True(Math.Abs(expected - actual) <= LossBound, $"{what} is {actual:g9}, not {expected:g9}");
}
