namespace LoraDrop.Worker;

/// <summary>The hub gave no usable response: no network, unknown host, or busy for too long. Retrying later may help; changing the request
/// does not.</summary>
public sealed class HubUnreachableException(string endpoint, string reason, Exception? inner = null)
    : Exception($"The hub at {endpoint} cannot be reached: {reason}. Check the network of this host, or set HF_ENDPOINT to a mirror.",
    inner)
{
    public string Endpoint { get; } = endpoint;
}
