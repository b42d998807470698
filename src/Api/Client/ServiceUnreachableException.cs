namespace LoraDrop.Api.Client;

/// <summary>Nothing answers at the address, or the connection broke.</summary>
internal sealed class ServiceUnreachableException(string message, Exception? cause = null) : Exception(message, cause)
{
    /// <summary>Failure code for scripts.</summary>
    public const string Code = "unreachable";

    public static ServiceUnreachableException At(Uri address, Exception? cause = null) =>
        new($"nothing answers at {ServiceAddress.Shown(address)}; start one with: loradrop serve", cause);
}
