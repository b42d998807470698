using System.Text.Json;
using LoraDrop.Domain;

namespace LoraDrop.Engine.Reports;

/// <summary>A file that a run read.</summary>
/// <param name="Name">File name, without its folder.</param>
/// <param name="Use">Its purpose, such as <c>train</c>.</param>
/// <param name="Rows">Number of examples.</param>
/// <param name="Sha256">SHA-256 of the file, in hexadecimal.</param>
public sealed record DataFile(string Name, string Use, long Rows, string Sha256);

/// <summary>The kind of output of the adapter's model; determines how to load it.</summary>
public enum CardTask
{
    /// <summary>A class, or a number if there is one label.</summary>
    SequenceClassification,

    /// <summary>Text.</summary>
    TextGeneration,
}

/// <summary>The content of a model card.</summary>
/// <param name="BaseModel">Name of the frozen model on the Hugging Face hub, or of its folder.</param>
/// <param name="Method">The tuning method.</param>
/// <param name="Task">The kind of output.</param>
/// <param name="Labels">Class names by index; empty if the task has none.</param>
/// <param name="Settings">The resolved settings of the run.</param>
/// <param name="Data">The files that were read.</param>
/// <param name="Importance">The measured importance; null for plain LoRA.</param>
/// <param name="Parameters">Numbers of trained parameters.</param>
/// <param name="Scores">The adapter's scores on the validation split, by metric.</param>
/// <param name="Primary">The metric that chose the best step; one of <paramref name="Scores"/>.</param>
/// <param name="Seed">Seeds the sample, the order of the data and the initial A.</param>
public sealed record ModelCardContent(string BaseModel, Method Method, CardTask Task, IReadOnlyList<string> Labels, JsonElement Settings,
    IReadOnlyList<DataFile> Data, ImportanceReport? Importance, ParameterCounts Parameters,
    IReadOnlyDictionary<string, double> Scores, string Primary, long Seed);
