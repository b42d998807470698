using System.Text.Json.Serialization;
using LoraDrop.Domain;

namespace LoraDrop.Engine.Training;

/// <summary>What a run reports while it works: drawn by the terminal, written as one JSON object a line for scripts.</summary>
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
    /// <summary>The inputs are read, and this is what there is to do: optimiser steps by stage, those done before a stop included. A stage
    /// whose outcome is known already is not there.</summary>
    public sealed record Planned(IReadOnlyDictionary<Stage, int> Steps) : RunEvent;

    /// <summary>A stage begins, or continues after a stop at <paramref name="FromStep"/> steps. <paramref name="PassTokens"/> are those of
    /// one pass over its examples, padding left out.</summary>
    public sealed record StageStarted(Stage Stage, int FromStep, int Steps, int Examples, ParameterCounts Parameters, double PaddingShare,
        long PassTokens = 0) : RunEvent;

    /// <summary>An optimiser step is done. Loss is the mean over the step's examples; tokens per second counts real tokens, not padding,
    /// and is a running mean; seconds and tokens are this step's own.</summary>
    public sealed record StepDone(Stage Stage, int Step, int Steps, double Epoch, double Loss, double LearningRate, double GradientNorm,
        double TokensPerSecond, double SecondsLeft, double Seconds = 0, long Tokens = 0) : RunEvent;

    /// <summary>The model was evaluated on the validation split; scores by metric name, the loss among them.</summary>
    public sealed record Evaluated(Stage Stage, int Step, IReadOnlyDictionary<string, double> Scores, string Primary, bool Best) : RunEvent;

    /// <summary>The importance pass is done and the plan is made.</summary>
    public sealed record ImportanceMeasured(ImportanceReport Report) : RunEvent;

    /// <summary>A checkpoint of this step is on the disk; with the seconds that writing it took.</summary>
    public sealed record CheckpointSaved(Stage Stage, int Step, string Path, double Seconds = 0) : RunEvent;

    /// <summary>Something a person should know.</summary>
    public sealed record Remark(string Text) : RunEvent;

    /// <summary>The run is done; all it leaves is in its folder.</summary>
    public sealed record Finished(RunResult Result, string Folder) : RunEvent;
}
