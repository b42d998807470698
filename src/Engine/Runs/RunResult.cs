using System.Text.Json.Serialization;
using LoraDrop.Domain;

namespace LoraDrop.Engine.Runs;

/// <summary>The result of a run, stored in result.json.</summary>
/// <param name="Method">lora-drop or lora.</param>
/// <param name="Seed">The run's seed.</param>
/// <param name="Parameters">What was trained.</param>
/// <param name="LoraParameters">What ordinary LoRA would have trained, head left out.</param>
/// <param name="Kept">Per module type, the layers that kept a LoRA of their own.</param>
/// <param name="BestStep">The step whose numbers the adapter holds.</param>
/// <param name="Scores">Its scores on the validation split.</param>
/// <param name="Test">Its scores on the test split, if there is one.</param>
/// <param name="History">Every evaluation.</param>
public sealed record RunResult(TuningMethod Method, long Seed, ParameterCounts Parameters, long LoraParameters,
    IReadOnlyDictionary<string, IReadOnlyList<int>> Kept, int BestStep, Scores Scores, Scores? Test, IReadOnlyList<EvaluationAt> History)
{
    /// <summary>Scores of generated answers; null where the task generates none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public GeneratedScores? Generated { get; init; }
}

/// <summary>What the answers to a split's prompts scored.</summary>
/// <param name="Split"><c>test</c>, or <c>validation</c> where there is none.</param>
/// <param name="Prompts">How many were answered.</param>
/// <param name="Scores">By metric; the primary one is the task's.</param>
public sealed record GeneratedScores(string Split, int Prompts, Scores Scores);
