namespace LoraDrop.Worker;

/// <summary>Progress of a fetch.</summary>
/// <param name="BytesDone">Bytes of all files so far; decreases if a file has to be restarted.</param>
/// <param name="BytesTotal">Total bytes of all files, as listed by the hub or store.</param>
public readonly record struct HubProgress(long BytesDone, long BytesTotal);
