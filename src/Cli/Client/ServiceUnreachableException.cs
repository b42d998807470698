namespace LoraDrop.Cli;

/// <summary>Nobody answers at the address, or the connection broke off.</summary>
internal sealed class ServiceUnreachableException(string message, Exception? cause = null) : Exception(message, cause)
{
    /// <summary>As the code of a failure, for scripts.</summary>
    public const string Code = "unreachable";

    public static ServiceUnreachableException At(Uri address, Exception? cause = null) =>
        new($"nothing answers at {ServiceAddress.Shown(address)}; start one with: loradrop serve", cause);
}
