namespace LoraDrop.Domain;

/// <summary>The stable codes with which a job, a model or a dataset fails. docs/api lists what each means and what to do.</summary>
public static class FailureCode
{
    /// <summary>A setting, the model or the data is wrong; the faults say where. Trying again gives the same.</summary>
    public const string Refused = "refused";

    /// <summary>The loss or a gradient is no number.</summary>
    public const string Diverged = "diverged";

    /// <summary>A file could not be written or read: mostly a full disk.</summary>
    public const string Storage = "storage";

    /// <summary>The kernel ended the process of the stage, for want of memory.</summary>
    public const string OutOfMemory = "out_of_memory";

    /// <summary>The process of the stage was ended by a signal.</summary>
    public const string Killed = "killed";

    /// <summary>The process did not finish in the time it was given.</summary>
    public const string TimedOut = "timed_out";

    /// <summary>Its worker or its process was ended too often without getting anywhere.</summary>
    public const string Interrupted = "interrupted";

    /// <summary>libtorch could not be loaded, or the device is not there.</summary>
    public const string Torch = "torch";

    /// <summary>The model is not what it was when it was registered.</summary>
    public const string ModelChanged = "model_changed";

    /// <summary>The dataset is not what it was when it was registered.</summary>
    public const string DatasetChanged = "dataset_changed";

    /// <summary>The model could not be prepared; its own error says why.</summary>
    public const string ModelFailed = "model_failed";

    /// <summary>The dataset could not be validated; its own error says why.</summary>
    public const string DatasetFailed = "dataset_failed";

    /// <summary>The checkpoint to go on from has a format that this version does not know.</summary>
    public const string CheckpointUnknown = "checkpoint_unknown";

    /// <summary>The hub did not answer.</summary>
    public const string HubUnreachable = "hub_unreachable";

    /// <summary>The store of files did not answer, for longer than a worker waits.</summary>
    public const string StoreUnreachable = "store_unreachable";

    /// <summary>An error of this program.</summary>
    public const string Defect = "defect";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        Refused, Diverged, Storage, OutOfMemory, Killed, TimedOut, Interrupted, Torch, ModelChanged, DatasetChanged, ModelFailed, DatasetFailed, CheckpointUnknown, HubUnreachable, StoreUnreachable, Defect,
    ];

    /// <summary>Whether a person must change something first, because trying again gives the same; everything else may be tried again as it is.</summary>
    public static bool IsUsers(string code) => code is Refused or Diverged or ModelChanged or DatasetChanged or ModelFailed or DatasetFailed or CheckpointUnknown;
}
