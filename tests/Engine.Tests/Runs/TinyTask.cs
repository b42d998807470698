using System.Text.Json.Nodes;
using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Tests;

/// <summary>A model folder of random weights with a tokenizer of its own, and data to fine-tune it on: all that a whole run
/// reads.</summary>
internal sealed class TinyTask : IDisposable
{
    private static readonly string[] Good = ["good", "fine", "lovely", "warm"], Bad = ["bad", "dull", "awful", "cold"],
        Things = ["film", "soup", "room", "song", "book", "day"];

    private readonly TestFolder _folder = new();

    private readonly bool _generates;

    /// <param name="generates">Whether the model is a decoder that answers, and not an encoder that classifies.</param>
    public TinyTask(bool generates = false)
    {
        _generates = generates;
        var (train, validation) = (Rows(40, 1), Rows(12, 2));
        Files = new(_folder.File("train.tsv", train), _folder.File("dev.tsv", validation));
        BpeTrainer.Train(train.Split('\n'), 300).Save(Model);
        File.WriteAllText(Path.Combine(Model, "config.json"), generates
            ? """
              {"model_type": "llama", "vocab_size": 300, "hidden_size": 16, "num_hidden_layers": 3, "num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": 32,
               "max_position_embeddings": 64, "pad_token_id": 1, "eos_token_id": 2}
              """
            : """
              {"model_type": "roberta", "vocab_size": 300, "hidden_size": 16, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 32,
               "max_position_embeddings": 40, "type_vocab_size": 1, "layer_norm_eps": 1e-5, "pad_token_id": 1}
              """);
        var weights = new Recorded(generates ? 15 : 1); // a decoder's own output layer must tell tokens apart
        using (FrozenModel model = generates
            ? new LanguageModel((DecoderConfig)ModelConfig.Read(Model), weights, CPU)
            : new SequenceClassifier(ModelConfig.Read(Model), weights, 2, 0, CPU))
            SafeTensorsWriter.Write(Path.Combine(Model, "model.safetensors"), weights.Taken);
    }

    public string Model => _folder.At("model");

    public DataFiles Files { get; }

    /// <summary>A folder for a run; none is there yet.</summary>
    public string Out(string name = "out") => _folder.At(name);

    /// <summary>Both stages in small: 2 + 12 steps; change what a test is about.</summary>
    public JobRequest Request(Action<JsonObject>? change = null)
    {
        var json = JsonNode.Parse("""
            {"dataset": "tiny", "task": {"kind": "classification", "columns": {"first": "text", "label": "mood"}},
             "lora": {"rank": 2, "alpha": 4, "dropout": 0.1},
             "importance": {"sampleRatio": 0.2, "epochs": 2}, "sharing": {"keep": 1},
             "training": {"epochs": 2, "batchSize": 8, "learningRate": 0.01, "evaluateEvery": 4}}
            """)!.AsObject();
        if (_generates)
            json["task"] =
                JsonNode.Parse(
                    """{"kind": "generation", "metric": "rouge", "text": {"prompt": "{text}", "target": " {mood} indeed", "source": "mood"}, "decoding": {"maxNewTokens": 12}}""");
        json["model"] = Model;
        change?.Invoke(json);
        return JobRequest.Parse(json.ToJsonString());
    }

    /// <summary>Where a request finds what it names.</summary>
    public RunInputs Inputs(JobRequest request) => new(Model, Files, Importance: request.Importance?.From);

    /// <summary>A run to its end, or to the event that it is stopped at.</summary>
    /// <returns>The result, and every event.</returns>
    public (RunResult? Result, IReadOnlyList<RunEvent> Events) Run(JobRequest request, string folder, int stopAt = int.MaxValue,
        RunInputs? inputs = null, KeptInputs? kept = null)
    {
        using var stop = new CancellationTokenSource();
        var events = new List<RunEvent>();
        using var run = new LoraDropRun(request, inputs ?? Inputs(request), folder, CPU, happened =>
        {
            events.Add(happened);
            if (events.Count == stopAt) stop.Cancel();
        }, kept);
        try
        {
            return (run.Run(stop.Token), events);
        }
        catch (OperationCanceledException)
        {
            return (null, events);
        }
    }

    public void Dispose() => _folder.Dispose();

    private static string Rows(int count, long seed)
    {
        var random = new SplitMix64((ulong)seed);
        string Of(string[] words) => words[random.NextBelow(words.Length)];
        return "text\tmood\tscore\n"
            + string.Concat(Enumerable.Range(0, count).Select(i => $"the {Of(Things)} was {Of(i % 2 == 0 ? Good : Bad)} and the "
            + $"{Of(Things)}\t{(i % 2 == 0 ? "good\t" : "bad\t-")}{random.NextUnit():0.00}\n"));
    }

    /// <summary>Random weights, and a note of which were asked for.</summary>
    private sealed class Recorded(double scale) : IWeights
    {
        private readonly RandomWeights _random = new(7);

        public Dictionary<string, Tensor> Taken { get; } = [];

        public bool Contains(string name) => false;

        public long[] ShapeOf(string name) => throw new KeyNotFoundException(name);

        public Tensor Take(string name, params long[] shape)
        {
            var weight = _random.Take(name, shape);
            if (!name.Contains("norm", StringComparison.OrdinalIgnoreCase)) weight.Times_(scale);
            Taken[name] = weight.clone().DetachFromDisposeScope();
            return weight;
        }
    }
}
