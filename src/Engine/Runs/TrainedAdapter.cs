using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Runs;

/// <summary>A finished adapter on its base model, ready for inference.</summary>
public sealed class TrainedAdapter : IDisposable
{
    private readonly int _maxLength;

    private TrainedAdapter(string baseModel, FrozenModel model, Adapter adapter, TaskSettings task, int maxLength)
    {
        (BaseModel, Model, Adapter, Task, _maxLength) = (baseModel, model, adapter, task, maxLength);
    }

    public string BaseModel { get; }

    public FrozenModel Model { get; }

    /// <summary>The model of a classification or regression task.</summary>
    /// <exception cref="RefusedInputException">It generates text.</exception>
    public SequenceClassifier Classifier => Model as SequenceClassifier
        ?? throw new RefusedInputException("adapter", "is of a model that generates text: take loradrop generate");

    /// <summary>The model of a generation task.</summary>
    /// <exception cref="RefusedInputException">It predicts labels.</exception>
    public LanguageModel LanguageModel => Model as LanguageModel
        ?? throw new RefusedInputException("adapter", "is of a model that predicts labels: take loradrop predict");

    public Adapter Adapter { get; }

    public TaskSettings Task { get; }

    /// <summary>Tokenizes texts, for classification or regression.</summary>
    public TextEncoder Encoder => field ??= new(BaseModel, Model.Config, _maxLength);

    /// <summary>Tokenizes prompts, for generation.</summary>
    public PromptEncoder Prompts => field ??= new(BaseModel, LanguageModel.Config, _maxLength, Task.TextChoices);

    /// <summary>Opens a run's adapter folder, with base weights in the same format as in training: the adapter compensates for their
    /// quantisation error, and memory use is no higher.</summary>
    /// <param name="folder">The folder; its loradrop.json names base model and task.</param>
    /// <param name="baseModel">The base model's folder, if different from the one the run named.</param>
    /// <param name="device">Where to compute.</param>
    /// <exception cref="RefusedInputException">Adapter and model do not match, or one is missing.</exception>
    public static TrainedAdapter Open(string folder, string? baseModel, Device device)
    {
        var about = AdapterTask.Read(folder);
        var path = baseModel ?? about.BaseModel;
        FrozenModel model = about.Task.Kind == TaskKind.Generation
            ? LanguageModel.Open(path, device, about.Weights)
            : SequenceClassifier.Open(path, about.Task.Labels, 0, device, about.Weights);
        try
        {
            return new(path, model, AdapterIn(folder, model), about.Task, about.MaxLength);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>The adapter in PEFT's format, or as trained where PEFT has no format for the method.</summary>
    private static Adapter AdapterIn(string folder, FrozenModel model)
    {
        var compact = Path.Combine(folder, CompactAdapter.FileName);
        return !File.Exists(Path.Combine(folder, PeftAdapter.ConfigFile)) && File.Exists(compact)
            && CompactAdapter.IsOfMethodWithoutPeft(compact)
            ? CompactAdapter.Read(compact, model)
            : PeftAdapter.Read(folder, model);
    }

    public LabelledSet Encode(Dataset data) => Encoder.Encode(data.Examples);

    /// <summary>Reads the splits of a data set, with this task's classes.</summary>
    public TaskData Read(DataFiles files, long seed) => TaskData.Read(files, Task, BaseModel, Model.Config, _maxLength, seed);

    public void Dispose()
    {
        Adapter.Dispose();
        Model.Dispose();
    }
}
