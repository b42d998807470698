using System.Globalization;

namespace LoraDrop.Domain;

/// <summary>Estimates the memory of training before anything is loaded, to match jobs with workers.</summary>
public static class MemoryEstimate
{
    /// <summary>Memory of a child process before training: the runtime, libtorch and a model of a few megabytes. Measured: 252
    /// MiB.</summary>
    private const double Process = 0.25 * GiB;

    /// <summary>Bytes of memory per byte of a data file: its text, its tokens, and garbage from reading. Measured: 12.7 for SST-2's 3.8 MB,
    /// 13 for eight times as much.</summary>
    private const double PerByteOfData = 13;

    /// <summary>English has 4 to 5 characters per token with BERT's and RoBERTa's vocabularies. Scripts with more tokens are
    /// underestimated; the run checks exactly once it has read the data.</summary>
    internal const int CharactersInToken = 4;

    /// <summary>Start, end and separator tokens, rounded up.</summary>
    private const int SpecialTokens = 8;

    private const double GiB = 1L << 30;

    /// <summary>Estimated bytes of training with the longest batch: weights, and what the backward pass needs of every layer.</summary>
    /// <param name="layers">Number of layers.</param>
    /// <param name="hidden">d, the width of a layer.</param>
    /// <param name="intermediate">The width between the two feed-forward matrices.</param>
    /// <param name="heads">Attention heads.</param>
    /// <param name="vocabulary">Rows of the token embedding.</param>
    /// <param name="batch">Texts per batch.</param>
    /// <param name="longest">Tokens of the longest text.</param>
    public static double OfTraining(int layers, double hidden, double intermediate, int heads, double vocabulary, int batch, int longest)
    {
        double d = hidden, i = intermediate, n = (double)batch * longest;
        var weights = vocabulary * d + layers * (4 * d * d + 2 * d * i);
        var kept = n * (7 * d + i) + 2.0 * batch * heads * longest * longest; // x, q, k, v, two norms; gelu's input; probabilities
        return 4 * (weights + layers * kept + 3 * n * i);
    }

    /// <summary>Estimated bytes of training a decoder, without the process itself; within 15 % of measurements (docs/results.md).</summary>
    /// <param name="model">The shape of the decoder.</param>
    /// <param name="training">The weight format and activation checkpointing.</param>
    /// <param name="tuning">The method's settings: what it trains, and the layers whose inputs are kept for the gradient.</param>
    /// <param name="batch">Texts per batch.</param>
    /// <param name="longest">Tokens of the longest text.</param>
    public static double OfDecoder(DecoderShape model, TrainingSettings training, MethodSettings tuning, int batch, int longest)
    {
        const double Overhead = 1.25, PieceOfLogits = 8 << 20;
        double n = (double)batch * longest, d = model.Hidden, q = model.QueryWidth, i = model.Intermediate;
        var bits = training.Weights switch { WeightKind.Bfloat16 => 16, WeightKind.Int8 => 8.1, WeightKind.Nf4 => 4.13, _ => 32 };
        var weights = 4 * model.OtherParameters + bits / 8 * model.LayerParameters;
        var targets = TargetLayers.Chosen(tuning.Layers, model.Modules);
        var adapter = tuning.BytesPerTrainedNumber * TrainedNumbers(tuning, targets, model.Layers);
        bool Has(string type) => targets.Any(target => target.Type == type);
        // a layer: norms in and out, q, k, v and what attention gives, gate, up, their product
        var kept = n * (4 * d + (Has("o_proj") ? 5 : 4) * q + (Has("down_proj") ? 4 : 3) * i);
        var layers = training.Checkpointing == true ? model.Layers * n * d + 3 * Overhead * kept : model.Layers * Overhead * kept;
        var logits = 3 * Math.Min(n * model.Vocabulary, Math.Max(PieceOfLogits, model.Vocabulary));
        return weights + adapter + 4 * (layers + logits + 2 * n * i);
    }

    /// <summary>Estimated bytes that training needs beyond that with frozen weights, if the method trains weights of the model itself: the
    /// numbers with their gradients and moments, and the inputs of the layers for the gradients of their matrices.</summary>
    /// <param name="tuning">The method's settings.</param>
    /// <param name="model">The base model.</param>
    /// <param name="batch">Texts per batch.</param>
    /// <param name="longest">Tokens of the longest text.</param>
    public static double OfLearningWeights(MethodSettings tuning, ModelSummary model, int batch, int longest)
    {
        // branches: theirs is counted with the frozen model
        if (tuning.Layers.Count > 0) return tuning.BytesPerTrainedNumber * tuning.TrainedBeside(model);
        var trained = tuning.Count(SharingPlan.OwnEverywhere([]), LinearModule.Among([]), model).Own;
        var inputs = tuning.TrainsMatrices ? 4.0 * batch * longest * model.Layers * model.Modules.Sum(module => module.In) / 2 : 0;
        return tuning.BytesPerTrainedNumber * trained + inputs;
    }

    /// <summary>Estimated peak bytes of a job's stages on a CPU, where everything is float32.</summary>
    /// <remarks>CUDA needs considerably less: frozen weights and activations are bfloat16, and attention keeps no probabilities. Do not
    /// refuse a job there for this.</remarks>
    /// <param name="request">The request.</param>
    /// <param name="model">The base model.</param>
    /// <param name="data">The dataset; null if it is not ready, so that every text is assumed to have the maximum length and every batch to
    /// be full.</param>
    public static long OfJob(JobRequest request, ModelSummary model, DatasetSummary? data) => OfStage(request, model, data, int.MaxValue);

    /// <summary>The same for one stage with a number of examples.</summary>
    public static long OfStage(JobRequest request, ModelSummary model, DatasetSummary? data, int examples)
    {
        var train = data?.Splits.FirstOrDefault(split => split.Split == SplitSummary.Train);
        var longest = model.LongestOf(request);
        if (train is not null) longest = Math.Min(longest, Tokens(request.Task, train));
        longest += request.Tuning.WordsBefore;
        var batch = Math.Min(request.Training.BatchSize, Math.Min(examples, train?.Rows ?? int.MaxValue));
        var training = model.Generates ? OfDecoder(DecoderShape.Of(model), request.Training, request.Tuning, batch, longest)
            : OfTraining(model.Layers, model.Hidden, model.Modules.Select(module => module.Out).DefaultIfEmpty(model.Hidden).Max(),
            model.Heads, model.Vocabulary, batch, longest);
        training += OfLearningWeights(request.Tuning, model, batch, longest);
        return (long)Math.Min(long.MaxValue, Process + training + PerByteOfData * (data?.Splits.Sum(split => split.Bytes) ?? 0));
    }

    /// <summary>The fault of a job that fits on no worker.</summary>
    /// <param name="need">Bytes, by <see cref="OfJob"/>.</param>
    /// <param name="largest">Bytes of the largest worker that otherwise fits.</param>
    public static Fault Refusal(long need, long largest) => new("training.batchSize", string.Create(CultureInfo.InvariantCulture,
        $"needs about {need / GiB:F1} GiB, but the largest suitable worker has {largest / GiB:F1} GiB: {Advice}"));

    /// <summary>Numbers that a method trains with a branch of its own for every target layer.</summary>
    private static double TrainedNumbers(MethodSettings tuning, IReadOnlyList<LinearModule> targets, int layers)
    {
        var sites = targets.SelectMany(target => Enumerable.Range(0, layers).Select(layer => new Site(target.Type, layer)));
        return tuning.Count(SharingPlan.OwnEverywhere(sites), LinearModule.Among(targets), null).Own;
    }

    /// <summary>How to reduce memory.</summary>
    public const string Advice = "lower batchSize (and raise accumulation to keep the step the same) or maxLength, or with a decoder "
        + "set weights (bfloat16, int8, nf4) or checkpointing";

    /// <summary>Estimated tokens of the longest text, from the longest cells of the columns that the task reads.</summary>
    private static int Tokens(TaskSettings task, SplitSummary split)
    {
        var columns = RequestFit.ReadColumns(task, split);
        return columns.Count == 0 ? int.MaxValue : columns.Sum(column => (column.Longest + CharactersInToken - 1) / CharactersInToken)
            + SpecialTokens;
    }
}
