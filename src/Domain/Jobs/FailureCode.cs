namespace LoraDrop.Domain;

/// <summary>The stable codes of failed jobs, models and datasets; see docs/api/README.md.</summary>
public static class FailureCode
{
    /// <summary>A setting, the model or the data has faults. Retrying does not help.</summary>
    public const string Refused = "refused";

    /// <summary>The loss or a gradient is not a number.</summary>
    public const string Diverged = "diverged";

    /// <summary>A file could not be written or read, usually because of a full disk.</summary>
    public const string Storage = "storage";

    /// <summary>The kernel killed the stage's process because memory ran out.</summary>
    public const string OutOfMemory = "out_of_memory";

    /// <summary>The stage's process was killed by a signal.</summary>
    public const string Killed = "killed";

    /// <summary>The process did not finish within its time limit.</summary>
    public const string TimedOut = "timed_out";

    /// <summary>The worker or process was interrupted too often without progress.</summary>
    public const string Interrupted = "interrupted";

    /// <summary>libtorch could not be loaded, or the device is not available.</summary>
    public const string Torch = "torch";

    /// <summary>The model has changed since it was registered.</summary>
    public const string ModelChanged = "model_changed";

    /// <summary>The dataset has changed since it was registered.</summary>
    public const string DatasetChanged = "dataset_changed";

    /// <summary>The model could not be prepared; see the model's error.</summary>
    public const string ModelFailed = "model_failed";

    /// <summary>The dataset could not be validated; see the dataset's error.</summary>
    public const string DatasetFailed = "dataset_failed";

    /// <summary>The checkpoint has a format that this version does not support.</summary>
    public const string CheckpointUnknown = "checkpoint_unknown";

    /// <summary>The hub did not respond.</summary>
    public const string HubUnreachable = "hub_unreachable";

    /// <summary>The object store did not respond for longer than a worker waits.</summary>
    public const string StoreUnreachable = "store_unreachable";

    /// <summary>An error of this program.</summary>
    public const string Defect = "defect";

    /// <summary>All failure codes.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        Refused, Diverged, Storage, OutOfMemory, Killed, TimedOut, Interrupted, Torch, ModelChanged, DatasetChanged, ModelFailed,
        DatasetFailed, CheckpointUnknown, HubUnreachable, StoreUnreachable, Defect,
    ];

    /// <summary>Whether the user must change something before a retry can succeed.</summary>
    public static bool IsUsers(string code) =>
        code is Refused or Diverged or ModelChanged or DatasetChanged or ModelFailed or DatasetFailed or CheckpointUnknown;
}
