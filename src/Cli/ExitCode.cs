using LoraDrop.Domain;

namespace LoraDrop.Cli;

/// <summary>The program's exit codes.</summary>
internal static class ExitCode
{
    public const int Done = 0;

    /// <summary>A defect of the program.</summary>
    public const int Defect = 1;

    /// <summary>The command line, a setting, the model or the data is wrong; trying again without a change fails again.</summary>
    public const int Usage = 2;

    /// <summary>Training diverged.</summary>
    public const int Diverged = 3;

    /// <summary>A file could not be read or written: the disk is full, or access is denied.</summary>
    public const int Storage = 4;

    /// <summary>The job was cancelled.</summary>
    public const int Cancelled = 5;

    /// <summary>The service does not answer, or the hub does not answer the service.</summary>
    public const int Unreachable = 6;

    /// <summary>Stopped by Ctrl-C or SIGTERM; the same command continues.</summary>
    public const int Stopped = 130;

    /// <summary>The exit code of a failure.</summary>
    public static int Of(string failureCode) => failureCode switch
    {
        FailureCode.Defect => Defect,
        FailureCode.Diverged => Diverged,
        FailureCode.Storage => Storage,
        RunFailure.Stopped => Stopped,
        // nothing that the request says explains it
        FailureCode.Killed or FailureCode.OutOfMemory or FailureCode.Interrupted or FailureCode.TimedOut => Defect,
        FailureCode.HubUnreachable or FailureCode.StoreUnreachable or ServiceUnreachableException.Code => Unreachable,
        _ => Usage,
    };

    /// <summary>The exit code of a problem response.</summary>
    public static int Of(ServiceProblemException problem) => problem.Status switch
    {
        503 or 502 or 504 => Unreachable,
        507 => Storage,
        >= 500 => Defect,
        _ => Usage,
    };
}
