using LoraDrop.Storage;

namespace LoraDrop.Worker;

/// <summary>The folders of a worker.</summary>
/// <param name="Work">Files of running stages and preparations; removed with the process.</param>
/// <param name="Cache">Fetched files that may be needed again; outlives the process and may be shared.</param>
public sealed record WorkFolders(string Work, string Cache)
{
    /// <summary>The folders of an embedded service.</summary>
    public static WorkFolders In(DataFolder data) => new(data.Work, data.Cache);
}
