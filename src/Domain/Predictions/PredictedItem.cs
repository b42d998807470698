using System.Text.Json.Serialization;

namespace LoraDrop.Domain;

/// <summary>The answers to an input.</summary>
/// <param name="Adapter">With the adapter.</param>
/// <param name="Base">With the adapter switched off; absent unless asked for. The head of a classifier or a regression is the trained
/// one.</param>
/// <param name="Remark">What was done to the input, such as cutting it to the model's length; absent if nothing.</param>
public sealed record PredictedItem(PredictedAnswer Adapter, PredictedAnswer? Base = null, string? Remark = null);

/// <summary>An answer of a model.</summary>
public sealed record PredictedAnswer
{
    /// <summary>The likeliest class; only for classification.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Label { get; init; }

    /// <summary>All classes with their probabilities, the likeliest first; only for classification.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<LabelProbability>? Probabilities { get; init; }

    /// <summary>The predicted number; only for regression.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Score { get; init; }

    /// <summary>The generated text; only for generation.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Text { get; init; }

    /// <summary>Number of generated tokens; only for generation.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Tokens { get; init; }

    /// <summary>Why the text ended: <c>end</c> (the model ended it), <c>stop</c> (a stop sequence) or <c>length</c>; only for
    /// generation.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Finish { get; init; }
}

/// <summary>A class with its probability.</summary>
/// <param name="Label">Its name.</param>
/// <param name="Probability">0 to 1; those of all classes sum to 1.</param>
public sealed record LabelProbability(string Label, double Probability);

/// <summary>The model that answers.</summary>
public enum PredictionSource
{
    /// <summary>The base model with the adapter.</summary>
    Adapter,

    /// <summary>The base model with the adapter switched off.</summary>
    Base,
}

/// <summary>What becomes known while a prediction runs: a piece of text, or a finished answer.</summary>
/// <param name="Index">The index of the input, from 0.</param>
/// <param name="Source">The model that answers.</param>
/// <param name="Text">The text since the piece before; null with an answer.</param>
/// <param name="Answer">The whole answer, once it is finished.</param>
/// <param name="Remark">What was done to the input; with an answer only.</param>
public sealed record PredictedPiece(int Index, PredictionSource Source, string? Text, PredictedAnswer? Answer = null,
    string? Remark = null);
