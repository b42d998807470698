using LoraDrop.Api.Client;
using LoraDrop.Domain;

namespace LoraDrop.Api.Web;

/// <summary>What stands above a page while the service does not answer it; and turns exceptions of calls into words.</summary>
internal sealed class PageErrors
{
    /// <summary>Called when the banner changes.</summary>
    public event Action? Changed;

    /// <summary>What is wrong and what happens next; null while all is well.</summary>
    public string? Banner { get; private set; }

    /// <summary>Makes a call for a page that shows nothing if it fails but the banner.</summary>
    public async Task<T?> TryAsync<T>(Func<Task<T>> call) where T : class
    {
        try
        {
            var answer = await call();
            Set(null);
            return answer;
        }
        catch (Exception failed) when (Explain(failed) is { } words)
        {
            Set(words);
            return null;
        }
    }

    public void Set(string? banner)
    {
        if (banner == Banner) return;
        Banner = banner;
        Changed?.Invoke();
    }

    /// <summary>What to tell a person; null for an exception that is not of a call.</summary>
    public static string? Explain(Exception failed) => failed switch
    {
        ServiceProblemException { Status: 401 } => "Your key has expired or was revoked. Sign in again.",
        ServiceProblemException { Status: 429 } => "Too many requests for now; trying again.",
        ServiceProblemException problem => string.Join("; ", problem.Faults.Select(Words)),
        ServiceUnreachableException => "The service does not answer at the moment; trying again.",
        _ => null,
    };

    /// <summary>A fault of a field is worded to follow the field's name: <c>cursor must be …</c>.</summary>
    private static string Words(Fault fault) =>
        fault.Path.Length == 0 || !char.IsAsciiLetterLower(fault.Message.FirstOrDefault())
            ? fault.Message
            : $"{fault.Path} {fault.Message}";
}
