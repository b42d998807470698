using System.Net;
using LoraDrop.Domain;

namespace LoraDrop.Worker;

/// <summary>Says to a person why the hub refuses, and what to do about it.</summary>
/// <param name="address">What was asked for.</param>
/// <param name="hasToken">Whether the hub was told who asks.</param>
/// <param name="path">Where the repository stands in the request.</param>
internal sealed class HubRefusal(RepositoryAddress address, bool hasToken, string path)
{
    /// <exception cref="RefusedInputException">The answer is a refusal.</exception>
    public void ThrowIfRefused(HttpResponseMessage response)
    {
        if ((int)response.StatusCode >= 400) throw new RefusedInputException(path, Reason(response));
    }

    private string HowToGetIn => hasToken
        ? $"accept its licence at {address.Page} with the account of the token in HF_TOKEN, or set a token that may read it"
        : $"accept its licence at {address.Page}, and set HF_TOKEN where this service runs to a token of the account that did";

    private string Reason(HttpResponseMessage response) => (response.StatusCode, Header(response, "X-Error-Code")) switch
    {
        (HttpStatusCode.NotFound, "RevisionNotFound") => $"{address.Name} has no revision {address.Revision} on the hub",
        (HttpStatusCode.NotFound, "EntryNotFound") => $"the hub lists a file of {address.Name} that it does not have: {response.RequestMessage?.RequestUri?.AbsolutePath}",
        (HttpStatusCode.NotFound, _) => $"the hub has no {address.KindName} {address.Name}{OrRevision}; look for it at {address.Endpoint}",
        (HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden, "GatedRepo") => $"{address.Name} is gated: {HowToGetIn}",
        // To a stranger the hub answers so for a repository that does not exist, too.
        (HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden, _) =>
            $"the hub shows no {address.KindName} {address.Name}: it is gated or private, or its name is misspelt. If it exists, {HowToGetIn}",
        var (status, _) => $"the hub refuses {address.Name} with {(int)status} {Header(response, "X-Error-Message") ?? response.ReasonPhrase}",
    };

    private string OrRevision => address.Source.Revision is null ? "" : $", or it has no revision {address.Revision}";

    private static string? Header(HttpResponseMessage response, string name) => response.Headers.TryGetValues(name, out var values) ? string.Join(", ", values) : null;
}
