namespace LoraDrop.Storage;

/// <summary>How much of a job MLflow has received.</summary>
public enum MlflowState
{
    /// <summary>Not sent yet.</summary>
    Pending,

    /// <summary>Its run exists and is in progress.</summary>
    Running,

    /// <summary>Its run is complete and succeeded.</summary>
    Finished,

    /// <summary>Its run is complete and failed.</summary>
    Failed,

    /// <summary>Its run is complete and was cancelled.</summary>
    Killed,

    /// <summary>MLflow does not accept it: its run was deleted there, or the request was refused.</summary>
    Refused,
}
