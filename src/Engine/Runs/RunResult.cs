using System.Text.Json.Serialization;
using LoraDrop.Domain;

namespace LoraDrop.Engine.Runs;

/// <summary>The result of a run, stored in result.json.</summary>
/// <param name="Method">The tuning method.</param>
/// <param name="Seed">The run's seed.</param>
/// <param name="Parameters">Numbers of trained parameters.</param>
/// <param name="LoraParameters">Parameters that the method would have trained with a branch for every target layer, without the
/// head.</param>
/// <param name="Kept">Per module type, the layers that keep their own LoRA.</param>
/// <param name="BestStep">The step whose parameters the adapter holds.</param>
/// <param name="Scores">Its scores on the validation split.</param>
/// <param name="Test">Its scores on the test split, if there is one.</param>
/// <param name="History">Every evaluation.</param>
public sealed record RunResult(Method Method, long Seed, ParameterCounts Parameters, long LoraParameters,
    IReadOnlyDictionary<string, IReadOnlyList<int>> Kept, int BestStep, Scores Scores, Scores? Test, IReadOnlyList<EvaluationAt> History)
{
    /// <summary>Scores of generated answers; null if the task generates none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public GeneratedScores? Generated { get; init; }

    /// <summary>Scores with branches switched off; null unless the request asks for them.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public SwitchedOff? SwitchedOff { get; init; }

    /// <summary>What the branches put out on stage 1's sample after task adaptation; null unless the request asks for it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<SiteOutputs>? Outputs { get; init; }
}

/// <summary>Scores of generated answers to a split's prompts.</summary>
/// <param name="Split"><c>test</c>, or <c>validation</c> if there is no test split.</param>
/// <param name="Prompts">Number of prompts answered.</param>
/// <param name="Scores">By metric; the primary one is the task's.</param>
public sealed record GeneratedScores(string Split, int Prompts, Scores Scores);
