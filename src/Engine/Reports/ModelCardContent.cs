using System.Text.Json;
using LoraDrop.Domain;

namespace LoraDrop.Engine.Reports;

/// <summary>A file that a run read.</summary>
/// <param name="Name">File name, without its folder.</param>
/// <param name="Use">What it was read for, as in <c>train</c>.</param>
/// <param name="Rows">Examples in it.</param>
/// <param name="Sha256">Its digest, in hexadecimal.</param>
public sealed record DataFile(string Name, string Use, long Rows, string Sha256);

/// <summary>What the adapter's model puts out, as far as loading it depends on it.</summary>
public enum CardTask
{
    /// <summary>A class, or a number where there is one label.</summary>
    SequenceClassification,

    /// <summary>Text.</summary>
    TextGeneration,
}

/// <summary>What a model card states.</summary>
/// <param name="BaseModel">Name of the frozen model on the Hugging Face hub, or its folder's name.</param>
/// <param name="Method">The method as a person would name it, as in <c>LoRA-drop</c>.</param>
/// <param name="Task">What its model puts out.</param>
/// <param name="Labels">Class names by index; empty where the task has none.</param>
/// <param name="Settings">The settings that ran, defaults filled in.</param>
/// <param name="Data">The files that were read.</param>
/// <param name="Importance">Null where no importance was measured, as in plain LoRA.</param>
/// <param name="Parameters">What was trained.</param>
/// <param name="Scores">The adapter's scores on the validation split, by metric.</param>
/// <param name="Primary">The metric that chose the best step; one of <paramref name="Scores"/>.</param>
/// <param name="Seed">Draws the sample, the order of the data and the first A.</param>
public sealed record ModelCardContent(string BaseModel, string Method, CardTask Task, IReadOnlyList<string> Labels, JsonElement Settings,
    IReadOnlyList<DataFile> Data, ImportanceReport? Importance, ParameterCounts Parameters,
    IReadOnlyDictionary<string, double> Scores, string Primary, long Seed);
