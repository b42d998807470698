using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace LoraDrop.Api;

/// <summary>Keeps a service that has no keys to its own machine: a page in the user's browser can reach 127.0.0.1 too.</summary>
/// <remarks>
/// Under a host name of its own (DNS rebinding) a page could read all answers; it sends that name as Host. Without one it can still
/// send forms, which browsers mark with <c>Sec-Fetch-Site: cross-site</c>.
/// </remarks>
internal static class LoopbackGuard
{
    public static void UseLoopbackGuard(this WebApplication app, ApiOptions options)
    {
        if (!options.LoopbackOnly) return;
        app.Use((http, next) => Refusal(http.Request) is { } problem ? problem.ExecuteAsync(http) : next(http));
    }

    private static ProblemHttpResult? Refusal(HttpRequest request)
    {
        if (!IsLoopback(request.Host.Host)) return Problems.Of(ProblemKind.HostNotAllowed, "This service answers to localhost only.");
        var changes = !(HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method) || HttpMethods.IsOptions(request.Method));
        return changes && request.Headers["Sec-Fetch-Site"] == "cross-site" ? Problems.Of(ProblemKind.CrossSite, "A page of another web site may not change anything here.") : null;
    }

    private static bool IsLoopback(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));
}
