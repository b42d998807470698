namespace LoraDrop.Storage;

/// <summary>Versions of what stages hand on to each other: a worker of another version must not guess what it reads.</summary>
public static class StageFormat
{
    /// <summary>Of a job's settings and of its checkpoints, as this version writes them. Raise it with a change that an older worker would
    /// read wrongly.</summary>
    public const int Settings = 1;

    /// <summary>The oldest that this version still reads.</summary>
    public const int Oldest = 1;
}
