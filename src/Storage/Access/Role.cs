namespace LoraDrop.Storage;

/// <summary>The role of a caller. Each role includes the ones before it.</summary>
public enum Role
{
    /// <summary>Read jobs, models and datasets.</summary>
    Read,

    /// <summary>Submit and change jobs, upload and register inputs, delete one's own.</summary>
    Submit,

    /// <summary>Read and change everyone's resources, create and revoke keys, read the audit log.</summary>
    Admin,
}
