namespace LoraDrop.Storage;

/// <summary>How far MLflow has been told of a job.</summary>
public enum MlflowState
{
    /// <summary>It is to be shown there, and is not yet.</summary>
    Pending,

    /// <summary>Its run is there, and goes on.</summary>
    Running,

    /// <summary>Its run is there, whole, and has succeeded.</summary>
    Finished,

    /// <summary>The same, and has failed.</summary>
    Failed,

    /// <summary>The same, and was cancelled.</summary>
    Killed,

    /// <summary>MLflow does not take it: its run was deleted there, or the request was refused.</summary>
    Refused,
}
