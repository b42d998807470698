namespace LoraDrop.Worker;

/// <summary>The hub gave no usable answer: no network, no such host, busy for too long. Trying later may help; changing the request does not.</summary>
public sealed class HubUnreachableException(string endpoint, string reason, Exception? inner = null)
    : Exception($"The hub at {endpoint} cannot be reached: {reason}. Check the network of this host, or name a mirror with HF_ENDPOINT.", inner)
{
    public string Endpoint { get; } = endpoint;
}
