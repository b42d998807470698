using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine;

/// <summary>A finished adapter on its base model, ready for texts.</summary>
public sealed class TrainedAdapter : IDisposable
{
    private TrainedAdapter(string baseModel, SequenceClassifier model, Adapter adapter, TaskSettings task, TextEncoder encoder)
    {
        (BaseModel, Model, Adapter, Task, Encoder) = (baseModel, model, adapter, task, encoder);
    }

    public string BaseModel { get; }

    public SequenceClassifier Model { get; }

    public Adapter Adapter { get; }

    public TaskSettings Task { get; }

    public TextEncoder Encoder { get; }

    /// <summary>Opens the adapter folder of a run.</summary>
    /// <param name="folder">The folder; its loradrop.json names base model and task.</param>
    /// <param name="baseModel">The base model's folder, if it is another than the run named.</param>
    /// <param name="device">Where to compute.</param>
    /// <exception cref="RefusedInputException">Adapter and model do not go together, or one is not there.</exception>
    public static TrainedAdapter Open(string folder, string? baseModel, Device device)
    {
        var about = AdapterTask.Read(folder);
        var path = baseModel ?? about.BaseModel;
        var encoder = new TextEncoder(path, ModelConfig.Read(path), about.MaxLength);
        var model = SequenceClassifier.Open(path, about.Task.Labels?.Count ?? 1, 0, device);
        try
        {
            return new(path, model, PeftAdapter.Read(folder, model), about.Task, encoder);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    public EncodedSet Encode(Dataset data) => Encoder.Encode(data.Examples);

    /// <summary>The splits of a data set, with this task's classes.</summary>
    public TaskData Read(DataFiles files, long seed) => TaskData.Encode(TrainingData.Read(files, Task, seed), Encoder);

    /// <summary>Scores a set with the LoRAs of some sites only, the others switched off; afterwards all are on again.</summary>
    public Scores ScoreWith(IReadOnlySet<Site> on, EncodedSet set, int batchSize, CancellationToken cancel)
    {
        var off = Adapter.Sites.Where(site => !on.Contains(site.Site)).Select(site => (site.Linear, site.Linear.Lora)).ToArray();
        try
        {
            foreach (var (linear, _) in off) linear.Lora = null;
            return Evaluation.Of(Model, set, batchSize, cancel).ScoresOf(set, Task);
        }
        finally
        {
            foreach (var (linear, lora) in off) linear.Lora = lora;
        }
    }

    public void Dispose()
    {
        Adapter.Dispose();
        Model.Dispose();
    }
}
