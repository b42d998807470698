using LoraDrop.Domain;

namespace LoraDrop.Engine.Runs;

/// <summary>Why engine work failed, for the command line and the service's child processes.</summary>
/// <param name="Code">One of <see cref="FailureCode"/>, or <see cref="Stopped"/>.</param>
/// <param name="Faults">Each fault with its place.</param>
public sealed record RunFailure(string Code, IReadOnlyList<Fault> Faults)
{
    /// <summary>Stopped on request; can be continued.</summary>
    public const string Stopped = "stopped";

    /// <param name="thrown">The exception that ended the work.</param>
    /// <param name="stopping">Whether a stop was requested.</param>
    public static RunFailure Of(Exception thrown, bool stopping) => thrown switch
    {
        UnknownFormatException unknown => new(FailureCode.CheckpointUnknown, unknown.Faults),
        RefusedInputException refused => new(FailureCode.Refused, refused.Faults),
        DivergedException diverged => new(FailureCode.Diverged, [new("training", diverged.Message)]),
        IOException or UnauthorizedAccessException =>
            new(FailureCode.Storage,
                [new("output", $"{thrown.Message} If the disk is full, free some space. A run continues from its last checkpoint: "
                + "with the same command, or as a job with a retry.")]),
        DllNotFoundException native => new(FailureCode.Torch, [new("torch", native.Message)]),
        OperationCanceledException when stopping =>
            new(Stopped, [new("stopped", "the run is saved; the same command, with the same --out, continues it.")]),
        _ => new(FailureCode.Defect,
            // anything else is a bug
            [new("defect", $"this is a bug in loradrop; please report it with these lines.{Environment.NewLine}{thrown}")]),
    };
}
