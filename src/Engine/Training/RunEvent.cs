using System.Text.Json.Serialization;
using LoraDrop.Domain;

namespace LoraDrop.Engine.Training;

/// <summary>An event of a run: drawn by the terminal, written as one JSON object per line for scripts.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "event")]
[JsonDerivedType(typeof(Planned), "planned")]
[JsonDerivedType(typeof(StageStarted), "stage-started")]
[JsonDerivedType(typeof(StepDone), "step")]
[JsonDerivedType(typeof(Evaluated), "evaluated")]
[JsonDerivedType(typeof(ImportanceMeasured), "importance")]
[JsonDerivedType(typeof(CheckpointSaved), "checkpoint")]
[JsonDerivedType(typeof(Remark), "remark")]
[JsonDerivedType(typeof(Finished), "finished")]
public abstract record RunEvent
{
    /// <summary>The inputs are read. Holds the optimiser steps by stage, including those done before a stop. Stages whose result is already
    /// known are omitted.</summary>
    public sealed record Planned(IReadOnlyDictionary<Stage, int> Steps) : RunEvent;

    /// <summary>A stage begins, or continues after a stop at <paramref name="FromStep"/> steps. <paramref name="PassTokens"/> counts the
    /// tokens of one pass over its examples, without padding.</summary>
    public sealed record StageStarted(Stage Stage, int FromStep, int Steps, int Examples, ParameterCounts Parameters, double PaddingShare,
        long PassTokens = 0) : RunEvent;

    /// <summary>An optimiser step is done. Loss is the mean over the step's examples; tokens per second counts real tokens, without
    /// padding, as a running mean; seconds and tokens are those of this step.</summary>
    public sealed record StepDone(Stage Stage, int Step, int Steps, double Epoch, double Loss, double LearningRate, double GradientNorm,
        double TokensPerSecond, double SecondsLeft, double Seconds = 0, long Tokens = 0) : RunEvent;

    /// <summary>The model was evaluated on the validation split; scores by metric name, including the loss.</summary>
    public sealed record Evaluated(Stage Stage, int Step, IReadOnlyDictionary<string, double> Scores, string Primary, bool Best) : RunEvent;

    /// <summary>The importance pass and the plan are complete.</summary>
    public sealed record ImportanceMeasured(ImportanceReport Report) : RunEvent;

    /// <summary>The checkpoint of this step was written, in the given seconds.</summary>
    public sealed record CheckpointSaved(Stage Stage, int Step, string Path, double Seconds = 0) : RunEvent;

    /// <summary>A remark for the user.</summary>
    public sealed record Remark(string Text) : RunEvent;

    /// <summary>The run is complete; all outputs are in its folder.</summary>
    public sealed record Finished(RunResult Result, string Folder) : RunEvent;
}
