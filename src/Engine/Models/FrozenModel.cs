using LoraDrop.Domain;
using TorchSharp;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Models;

/// <summary>A base model with a head. Its weights are frozen; what learns is placed on it by <see cref="Adapter"/>.</summary>
public abstract class FrozenModel : IDisposable
{
    private protected FrozenModel(ModelConfig config, IWeights weights, Device device, WeightKind? kind)
    {
        (Config, Device, Weights) = (config, device, new(weights, device, kind));
        Backbone = config switch
        {
            EncoderConfig encoder => new Encoder(encoder, Weights, Masks),
            DecoderConfig decoder => new CausalDecoder(decoder, Weights, Masks),
            _ => throw new ArgumentException($"no model for {config.Module}", nameof(config)),
        };
    }

    public ModelConfig Config { get; }

    public Device Device { get; }

    public DropoutMasks Masks { get; } = new();

    public IBackbone Backbone { get; }

    /// <summary>The layers of the head that fine-tuning trains, by the names of the checkpoint; none where the head belongs to the base
    /// model.</summary>
    public abstract IReadOnlyList<Linear> TrainedHead { get; }

    /// <summary>All layers of a task's head.</summary>
    public abstract IReadOnlyList<Linear> Head { get; }

    /// <summary>The modules that PEFT must save beside the LoRAs.</summary>
    public abstract IReadOnlyList<string> ModulesToSave { get; }

    /// <summary>The class of transformers that computes the same.</summary>
    public abstract string ClassName { get; }

    /// <summary>PEFT's name for the task.</summary>
    public abstract string PeftTask { get; }

    /// <summary>Remark for the owner of the job on how the checkpoint was used; null: none.</summary>
    public virtual string? Remark => null;

    private protected OwnedWeights Weights { get; }

    /// <summary>The element type that is computed in: float32 on a CPU; bfloat16 on CUDA, unless the weights are kept in float32. Adapters
    /// and heads that learn are float32 everywhere.</summary>
    internal static ScalarType TypeOn(Device device, WeightKind? kind) =>
        device.type == DeviceType.CUDA && kind != WeightKind.Float32 ? ScalarType.BFloat16 : ScalarType.Float32;

    public void Dispose()
    {
        Weights.Dispose();
        GC.SuppressFinalize(this);
    }
}
