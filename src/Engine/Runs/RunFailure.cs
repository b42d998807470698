using LoraDrop.Domain;

namespace LoraDrop.Engine.Runs;

/// <summary>Why engine work ended without its result, said once for the command line and the service's child processes.</summary>
/// <param name="Code">One of <see cref="FailureCode"/>, or <see cref="Stopped"/>.</param>
/// <param name="Faults">What is wrong, and where.</param>
public sealed record RunFailure(string Code, IReadOnlyList<Fault> Faults)
{
    /// <summary>It was asked to stop, and can go on.</summary>
    public const string Stopped = "stopped";

    /// <param name="thrown">What ended it.</param>
    /// <param name="stopping">Whether it was asked to stop.</param>
    public static RunFailure Of(Exception thrown, bool stopping) => thrown switch
    {
        UnknownFormatException unknown => new(FailureCode.CheckpointUnknown, unknown.Faults),
        RefusedInputException refused => new(FailureCode.Refused, refused.Faults),
        DivergedException diverged => new(FailureCode.Diverged, [new("training", diverged.Message)]),
        IOException or UnauthorizedAccessException => new(FailureCode.Storage, [new("output", $"{thrown.Message} If the disk is full, free some space. A run goes on from its last checkpoint: with the same command, or as a job with a retry.")]),
        DllNotFoundException native => new(FailureCode.Torch, [new("torch", native.Message)]),
        OperationCanceledException when stopping => new(Stopped, [new("stopped", "a run is saved; the same command, with the same --out, goes on from there.")]),
        _ => new(FailureCode.Defect, [new("defect", $"this is an error of loradrop, not yours; please report it with these lines.{Environment.NewLine}{thrown}")]), // whatever else comes is a defect, and is told as one
    };
}
