namespace LoraDrop.Worker;

/// <summary>How far a fetch is.</summary>
/// <param name="BytesDone">Of all files together; falls back where a file has to be started anew.</param>
/// <param name="BytesTotal">What the hub, or the store, announced for all files of the fetch.</param>
public readonly record struct HubProgress(long BytesDone, long BytesTotal);
