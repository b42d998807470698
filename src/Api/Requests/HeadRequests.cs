using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace LoraDrop.Api;

/// <summary>Supports HEAD wherever GET is supported (RFC 9110, section 9.3.2); the server omits the body.</summary>
internal static class HeadRequests
{
    public static void UseHead(this WebApplication app)
    {
        app.Use((http, next) =>
        {
            if (HttpMethods.IsHead(http.Request.Method) && !http.Request.Path.Value!.EndsWith("/stream", StringComparison.Ordinal))
                http.Request.Method = HttpMethods.Get; // a stream would never end
            return next(http);
        });
        app.UseRouting(); // routing must see the changed method
    }
}
