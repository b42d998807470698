namespace LoraDrop.Worker;

/// <summary>A fault of the network that may be gone at the next attempt.</summary>
internal sealed class PassingFault(string reason, Exception? inner = null) : Exception(reason, inner)
{
    /// <summary>How long the other side asks to wait; null if it does not say.</summary>
    public TimeSpan? RetryAfter { get; init; }
}
