using System.Globalization;

namespace LoraDrop.Domain;

/// <summary>How much memory training takes, before anything is loaded: enough to tell what fits on a worker from what does not.</summary>
public static class MemoryEstimate
{
    /// <summary>What a child process takes before it trains: the runtime, libtorch, a model of a few megabytes. 252 MiB were measured.</summary>
    private const double Process = 0.25 * GiB;

    /// <summary>Bytes of memory that a byte of a data file becomes: its text, its tokens, and what reading leaves to the collector. SST-2's 3.8 MB gave 12.7, eight times as much of them 13.</summary>
    private const double PerByteOfData = 13;

    /// <summary>English is 4 to 5 characters a token in the vocabularies of BERT and RoBERTa; a script that takes more tokens is estimated too low, and has its exact refusal when the run has read it.</summary>
    internal const int CharactersInToken = 4;

    /// <summary>Begin, end, and what parts a pair; rounded up.</summary>
    private const int SpecialTokens = 8;

    private const double GiB = 1L << 30;

    /// <summary>Roughly the bytes that training keeps for the longest batch: weights, and what the backward pass needs of every layer.</summary>
    /// <param name="layers">Number of layers.</param>
    /// <param name="hidden">d, the width of a layer.</param>
    /// <param name="intermediate">The width between the two feed-forward matrices.</param>
    /// <param name="heads">Attention heads.</param>
    /// <param name="vocabulary">Rows of the token embedding.</param>
    /// <param name="batch">Texts in a batch.</param>
    /// <param name="longest">Tokens of the longest text.</param>
    public static double OfTraining(int layers, double hidden, double intermediate, int heads, double vocabulary, int batch, int longest)
    {
        double d = hidden, i = intermediate, n = (double)batch * longest;
        var weights = vocabulary * d + layers * (4 * d * d + 2 * d * i);
        var kept = n * (7 * d + i) + 2.0 * batch * heads * longest * longest; // x, q, k, v, two norms; gelu's input; probabilities
        return 4 * (weights + layers * kept + 3 * n * i);
    }

    /// <summary>Roughly the bytes that training a decoder takes beside the process itself: within 15 % of what was measured (docs/results.md).</summary>
    /// <param name="model">The shape of the decoder.</param>
    /// <param name="training">How weights are kept, and whether layers are computed again.</param>
    /// <param name="lora">Rank, and which layers have a LoRA: what goes into these is kept for its gradient.</param>
    /// <param name="batch">Texts in a batch.</param>
    /// <param name="longest">Tokens of the longest text.</param>
    public static double OfDecoder(DecoderShape model, TrainingSettings training, LoraSettings lora, int batch, int longest)
    {
        const double Overhead = 1.25, PieceOfLogits = 8 << 20;
        double n = (double)batch * longest, d = model.Hidden, q = model.QueryWidth, i = model.Intermediate;
        var bits = training.Weights switch { WeightKind.Bfloat16 => 16, WeightKind.Int8 => 8.1, WeightKind.Nf4 => 4.13, _ => 32 };
        var weights = 4 * model.OtherParameters + bits / 8 * model.LayerParameters;
        var targets = LoraFit.Chosen(lora.Targets, model.Modules);
        var adapter = 20.0 * lora.Rank * model.Layers * targets.Sum(target => target.In + target.Out); // the number, its gradient, AdamW's two, the best so far
        bool Has(string type) => targets.Any(target => target.Type == type);
        var kept = n * (4 * d + (Has("o_proj") ? 5 : 4) * q + (Has("down_proj") ? 4 : 3) * i); // a layer: norms in and out, q, k, v and what attention gives, gate, up, their product
        var layers = training.Checkpointing == true ? model.Layers * n * d + 3 * Overhead * kept : model.Layers * Overhead * kept;
        var logits = 3 * Math.Min(n * model.Vocabulary, Math.Max(PieceOfLogits, model.Vocabulary));
        return weights + adapter + 4 * (layers + logits + 2 * n * i);
    }

    /// <summary>Roughly the bytes that a job's stages take at most on a CPU, where all is float32: what a worker must have.</summary>
    /// <remarks>On CUDA, where frozen weights and activations are bfloat16 and attention keeps no probabilities, it takes a good deal less: this is no reason to refuse a job there.</remarks>
    /// <param name="request">What is asked for.</param>
    /// <param name="model">The base model.</param>
    /// <param name="data">The data set; null: not known yet, so that every text counts as the longest that may be, and every batch as full.</param>
    public static long OfJob(JobRequest request, ModelSummary model, DatasetSummary? data) => OfStage(request, model, data, int.MaxValue);

    /// <summary>The same of a stage that trains on so many examples.</summary>
    public static long OfStage(JobRequest request, ModelSummary model, DatasetSummary? data, int examples)
    {
        var train = data?.Splits.FirstOrDefault(split => split.Split == SplitSummary.Train);
        var longest = Math.Min(request.Training.MaxLength, model.LongestText);
        if (train is not null) longest = Math.Min(longest, Tokens(request.Task, train));
        var batch = Math.Min(request.Training.BatchSize, Math.Min(examples, train?.Rows ?? int.MaxValue));
        var training = model.Generates ? OfDecoder(DecoderShape.Of(model), request.Training, request.Lora, batch, longest)
            : OfTraining(model.Layers, model.Hidden, model.Modules.Select(module => module.Out).DefaultIfEmpty(model.Hidden).Max(), model.Heads, model.Vocabulary, batch, longest);
        return (long)Math.Min(long.MaxValue, Process + training + PerByteOfData * (data?.Splits.Sum(split => split.Bytes) ?? 0));
    }

    /// <summary>Refuses what no worker can do.</summary>
    /// <param name="need">Bytes, by <see cref="OfJob"/>.</param>
    /// <param name="largest">Bytes of the largest worker that is otherwise fit.</param>
    public static Fault Refusal(long need, long largest) => new("training.batchSize", string.Create(CultureInfo.InvariantCulture,
        $"needs about {need / GiB:F1} GiB, and the largest worker that suits has {largest / GiB:F1} GiB: {Advice}"));

    /// <summary>What people can do where memory is short.</summary>
    public const string Advice = "lower batchSize (and raise accumulation to keep the step the same) or maxLength, or with a decoder set weights (bfloat16, int8, nf4) or checkpointing";

    /// <summary>About how many tokens the longest text has: that of the longest cells of the columns that the task reads.</summary>
    private static int Tokens(TaskSettings task, SplitSummary split)
    {
        var columns = RequestFit.ReadColumns(task, split);
        return columns.Count == 0 ? int.MaxValue : columns.Sum(column => (column.Longest + CharactersInToken - 1) / CharactersInToken) + SpecialTokens;
    }
}
