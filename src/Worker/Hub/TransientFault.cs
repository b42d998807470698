namespace LoraDrop.Worker;

/// <summary>A transient network failure, which the next attempt may not have.</summary>
internal sealed class TransientFault(string reason, Exception? inner = null) : Exception(reason, inner)
{
    /// <summary>The requested delay before a retry; null if there is none.</summary>
    public TimeSpan? RetryAfter { get; init; }
}
