using System.Net;
using LoraDrop.Domain;

namespace LoraDrop.Worker;

/// <summary>Explains why the hub refuses a request and how to fix it.</summary>
/// <param name="address">The requested repository.</param>
/// <param name="hasToken">Whether a token is configured.</param>
/// <param name="path">The path of the repository in the request.</param>
internal sealed class HubRefusal(RepositoryAddress address, bool hasToken, string path)
{
    /// <exception cref="RefusedInputException">The response is a refusal.</exception>
    public void ThrowIfRefused(HttpResponseMessage response)
    {
        if ((int)response.StatusCode >= 400) throw new RefusedInputException(path, Reason(response));
    }

    private string HowToGetAccess => hasToken
        ? $"accept its licence at {address.Page} with the account of the token in HF_TOKEN, or set a token that has access"
        : $"accept its licence at {address.Page}, and set HF_TOKEN on this service to a token of that account";

    private string Reason(HttpResponseMessage response) => (response.StatusCode, Header(response, "X-Error-Code")) switch
    {
        (HttpStatusCode.NotFound, "RevisionNotFound") => $"{address.Name} has no revision {address.Revision} on the hub",
        (HttpStatusCode.NotFound, "EntryNotFound") =>
            $"the hub lists a file of {address.Name} that does not exist: {response.RequestMessage?.RequestUri?.AbsolutePath}",
        (HttpStatusCode.NotFound, _) =>
            $"the hub has no {address.KindName} {address.Name}{OrRevision}; check the name at {address.Endpoint}",
        (HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden, "GatedRepo") => $"{address.Name} is gated: {HowToGetAccess}",
        // Without access, the hub responds the same for a repository that does not exist.
        (HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden, _) =>
            $"{address.KindName} {address.Name} is not accessible on the hub: it is gated or private, or its name "
                + $"is misspelt. If it exists, {HowToGetAccess}",
        var (status, _) =>
            $"the hub refuses {address.Name} with {(int)status} {Header(response, "X-Error-Message") ?? response.ReasonPhrase}",
    };

    private string OrRevision => address.Source.Revision is null ? "" : $", or it has no revision {address.Revision}";

    private static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) ? string.Join(", ", values) : null;
}
