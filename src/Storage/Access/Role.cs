namespace LoraDrop.Storage;

/// <summary>What a caller may do. Each role may do what the ones before it may.</summary>
public enum Role
{
    /// <summary>Look at jobs, models and datasets.</summary>
    Read,

    /// <summary>Submit and change jobs, upload and register, delete what is one's own.</summary>
    Submit,

    /// <summary>See and change what belongs to anybody, make and revoke keys, read the audit.</summary>
    Admin,
}
