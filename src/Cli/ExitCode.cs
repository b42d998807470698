using LoraDrop.Domain;
using LoraDrop.Engine;

namespace LoraDrop.Cli;

/// <summary>What a script can tell from how a command ends.</summary>
internal static class ExitCode
{
    public const int Done = 0;

    /// <summary>A defect of the program.</summary>
    public const int Defect = 1;

    /// <summary>The command line, a setting, the model or the data is wrong; trying again without a change gives the same.</summary>
    public const int Usage = 2;

    /// <summary>Training diverged.</summary>
    public const int Diverged = 3;

    /// <summary>A file could not be read or written: the disk is full, or access is denied.</summary>
    public const int Storage = 4;

    /// <summary>Stopped by Ctrl-C or SIGTERM; the same command goes on.</summary>
    public const int Stopped = 130;

    /// <summary>The exit code of a failure.</summary>
    public static int Of(string failureCode) => failureCode switch
    {
        FailureCode.Defect => Defect,
        FailureCode.Diverged => Diverged,
        FailureCode.Storage => Storage,
        RunFailure.Stopped => Stopped,
        _ => Usage,
    };
}
