using LoraDrop.Domain;
using TorchSharp;
using static TorchSharp.torch;

namespace LoraDrop.Engine;

/// <summary>An encoder with a classification or regression head. Its weights are frozen; what learns is placed on it by <see cref="Adapter"/>.</summary>
public sealed class SequenceClassifier : IDisposable
{
    private readonly OwnedWeights _weights;

    /// <summary>Builds the model from weights.</summary>
    /// <param name="config">The architecture.</param>
    /// <param name="weights">Whence its weights come.</param>
    /// <param name="classes">Number of logits; 1 is a regression.</param>
    /// <param name="seed">Seeds a head that the weights do not hold.</param>
    /// <param name="device">Where the weights are.</param>
    public SequenceClassifier(ModelConfig config, IWeights weights, int classes, long seed, Device device)
    {
        (Config, Classes, Device) = (config, classes, device);
        _weights = new(weights, device);
        Encoder = new(config, _weights, Masks);
        Head = ClassificationHead.From(config, _weights, classes, seed, Masks);
    }

    public ModelConfig Config { get; }

    /// <summary>Number of logits; 1 is a regression.</summary>
    public int Classes { get; }

    public Device Device { get; }

    public DropoutMasks Masks { get; } = new();

    public Encoder Encoder { get; }

    public ClassificationHead Head { get; }

    /// <summary>Opens a model folder: float32 on a CPU; bfloat16 on CUDA, where adapters and head stay float32.</summary>
    /// <exception cref="RefusedInputException">The folder's configuration or weights cannot be used.</exception>
    public static SequenceClassifier Open(string folder, int classes, long seed, Device device)
    {
        var config = ModelConfig.Read(folder);
        using var weights = ModelFolder.Open(folder, device.type == DeviceType.CUDA ? ScalarType.BFloat16 : ScalarType.Float32, device);
        return new(config, weights, classes, seed, device);
    }

    public Tensor Forward(TokenBatch batch)
    {
        using var scope = NewDisposeScope();
        return Head.Forward(Encoder.Forward(batch)).to(ScalarType.Float32).MoveToOuterDisposeScope(); // (B, C)
    }

    public void Dispose() => _weights.Dispose();
}
