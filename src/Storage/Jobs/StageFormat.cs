namespace LoraDrop.Storage;

/// <summary>Versions of the data that stages pass on to each other: a worker of another version must not guess at it.</summary>
public static class StageFormat
{
    /// <summary>The version of job settings and checkpoints that this program writes. Raise it with a change that an older worker would
    /// misread.</summary>
    public const int Settings = 1;

    /// <summary>The oldest version that this program reads.</summary>
    public const int Oldest = 1;
}
