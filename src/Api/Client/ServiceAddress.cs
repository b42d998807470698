using LoraDrop.Domain;

namespace LoraDrop.Api.Client;

/// <summary>The service's address: from the command line, else the environment, else where <c>loradrop serve</c> listens.</summary>
internal static class ServiceAddress
{
    public const string Variable = "LORADROP_URL", KeyVariable = "LORADROP_KEY";

    public static readonly string Default = new ApiOptions().Urls;

    /// <param name="option">Value of --url.</param>
    /// <param name="variable">Value of the environment variable.</param>
    /// <exception cref="RefusedInputException">It is not an address.</exception>
    public static Uri Of(string? option, string? variable)
    {
        var (from, written) = option is not null ? ("--url", option) : string.IsNullOrWhiteSpace(variable)
            ? ("--url", Default)
            : (Variable, variable);
        if (!Uri.TryCreate(written, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https")
            || address.Query.Length > 0 || address.Fragment.Length > 0)
            throw new RefusedInputException(from, $"must be the address of a service, such as {Default}; got \"{written}\"");
        // so that paths are appended, below a proxy's too
        return address.AbsolutePath.EndsWith('/') ? address : new Uri(address.AbsoluteUri + "/");
    }

    /// <summary>The API key; null if there is none.</summary>
    /// <exception cref="RefusedInputException">It has characters that cannot be sent.</exception>
    public static string? Key(string? variable)
    {
        if (string.IsNullOrWhiteSpace(variable)) return null;
        return variable.Trim() is var key && key.All(c => c is > ' ' and <= '~') ? key : throw new RefusedInputException(KeyVariable,
            "must be a key of the service, such as loradrop keys create shows; it holds other characters");
    }

    /// <summary>The address without the final slash.</summary>
    public static string Shown(Uri address) => address.AbsoluteUri.TrimEnd('/');
}
