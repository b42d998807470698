using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace LoraDrop.Api;

/// <summary>HEAD is answered wherever GET is, with the same headers and no body (RFC 9110, section 9.3.2): the server leaves the body out.</summary>
internal static class HeadRequests
{
    public static void UseHead(this WebApplication app)
    {
        app.Use((http, next) =>
        {
            if (HttpMethods.IsHead(http.Request.Method) && !http.Request.Path.Value!.EndsWith("/stream", StringComparison.Ordinal)) http.Request.Method = HttpMethods.Get; // a stream would go on unheard
            return next(http);
        });
        app.UseRouting(); // after the method is settled, not first as it would be otherwise
    }
}
