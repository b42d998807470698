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

    /// <summary>The process of the stage was ended by a signal.</summary>
    public const string Killed = "killed";

    /// <summary>The process did not finish in the time it was given.</summary>
    public const string TimedOut = "timed_out";

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

    /// <summary>The hub did not answer.</summary>
    public const string HubUnreachable = "hub_unreachable";

    /// <summary>An error of this program.</summary>
    public const string Defect = "defect";
}
