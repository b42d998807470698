using LoraDrop.Domain;
using TorchSharp;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Models;

/// <summary>A base model with a head. Its weights are frozen; <see cref="Adapter"/> places the trained parameters on it, and each of
/// <see cref="Parameters"/> can be made to learn.</summary>
public abstract class FrozenModel : IDisposable
{
    private protected FrozenModel(ModelConfig config, IWeights weights, Device device, WeightKind? kind, SharedWeights? shared)
    {
        (Config, Device, Weights) = (config, device, new(weights, device, kind, shared));
        Backbone = config switch
        {
            EncoderConfig encoder => new Encoder(encoder, Weights, Masks),
            DecoderConfig decoder => new CausalDecoder(decoder, Weights, Masks),
            _ => throw new ArgumentException($"no model for {config.Module}", nameof(config)),
        };
    }

    public ModelConfig Config { get; private set; }

    public Device Device { get; }

    public DropoutMasks Masks { get; } = new();

    public IBackbone Backbone { get; }

    /// <summary>What is read before every text, which leaves fewer positions for the text; null: nothing. The model does not own
    /// it.</summary>
    public Preface? Preface
    {
        get => Backbone.Preface;
        set => (Backbone.Preface, Config) = (value, Config with { TokensBefore = value?.Length ?? 0 });
    }

    /// <summary>Every weight in a floating-point type, in the order in which the model takes them: backbone, then head. One that has two
    /// uses (tied embeddings) is listed once; a quantised one is not, because it cannot learn.</summary>
    public IReadOnlyList<Parameter> Parameters => Weights.Parameters;

    /// <summary>The head's layers trained by fine-tuning, under their checkpoint names; empty if the head belongs to the base
    /// model.</summary>
    public abstract IReadOnlyList<Linear> TrainedHead { get; }

    /// <summary>The weights of <see cref="TrainedHead"/>; a head is never quantised.</summary>
    public IReadOnlyList<Parameter> HeadParameters => [.. TrainedHead.SelectMany(layer => layer.BiasParameter is { } bias
        ? (Parameter[])[layer.WeightParameter!, bias]
        : [layer.WeightParameter!])];

    /// <summary>All layers of a task's head.</summary>
    public abstract IReadOnlyList<Linear> Head { get; }

    /// <summary>The modules that PEFT must save besides the LoRAs.</summary>
    public abstract IReadOnlyList<string> ModulesToSave { get; }

    /// <summary>The equivalent class of transformers.</summary>
    public abstract string ClassName { get; }

    /// <summary>PEFT's name for the task.</summary>
    public abstract string PeftTask { get; }

    /// <summary>A remark for the user on how the checkpoint was used, or null.</summary>
    public virtual string? Remark => null;

    /// <summary>Does something with the base model alone: whatever a method has placed on it is switched off meanwhile, but for the trained
    /// head.</summary>
    public T WithoutAdapter<T>(Func<T> work)
    {
        var preface = Preface;
        var off = Enumerable.Range(0, Config.Layers).SelectMany(Backbone.LinearsOf).Select(linear => (Linear: linear, linear.Branch))
            .ToArray();
        Action[] suspended = [.. Parameters.Except(HeadParameters).Where(parameter => parameter.Learns).Select(parameter =>
            parameter.Suspend())];
        try
        {
            Preface = null;
            foreach (var (linear, _) in off) linear.Branch = null;
            return work();
        }
        finally
        {
            Preface = preface;
            foreach (var (linear, branch) in off) linear.Branch = branch;
            foreach (var resume in suspended) resume();
        }
    }

    private protected OwnedWeights Weights { get; }

    /// <summary>The element type of computation: float32 on a CPU; bfloat16 on CUDA, unless the weights are kept in float32. Trained
    /// adapters and heads are always float32.</summary>
    internal static ScalarType TypeOn(Device device, WeightKind? kind) =>
        device.type == DeviceType.CUDA && kind != WeightKind.Float32 ? ScalarType.BFloat16 : ScalarType.Float32;

    public void Dispose()
    {
        Weights.Dispose();
        GC.SuppressFinalize(this);
    }
}
