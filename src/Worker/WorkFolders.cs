using LoraDrop.Storage;

namespace LoraDrop.Worker;

/// <summary>Where a worker works.</summary>
/// <param name="Work">What running stages and preparations work on; nothing in it outlives the process.</param>
/// <param name="Cache">What is fetched and may be needed again; it outlives the process, and others may share it.</param>
public sealed record WorkFolders(string Work, string Cache)
{
    /// <summary>Those of an embedded service.</summary>
    public static WorkFolders In(DataFolder data) => new(data.Work, data.Cache);
}
