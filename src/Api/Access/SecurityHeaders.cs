using Microsoft.AspNetCore.Builder;

namespace LoraDrop.Api;

/// <summary>Tells browsers what an answer is not: a page, a frame, a script of another site. An endpoint that shows a page says so by its own header.</summary>
internal static class SecurityHeaders
{
    private const string Data = "default-src 'none'; frame-ancestors 'none'";

    /// <summary>Swagger UI has its styles and pictures in the page; its scripts are files of its own.</summary>
    private const string Page = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

    /// <summary>The dashboard has scripts in the page too.</summary>
    private const string Dashboard = "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

    public static void UseSecurityHeaders(this WebApplication app) => app.Use((http, next) =>
    {
        var policy = http.Request.Path.StartsWithSegments("/swagger") ? Page : http.Request.Path.StartsWithSegments(QueueDashboard.Path) ? Dashboard : Data; // now: who answers may change the path
        http.Response.OnStarting(() =>
        {
            var headers = http.Response.Headers;
            headers.XContentTypeOptions = "nosniff";
            headers.XFrameOptions = "DENY";
            headers["Referrer-Policy"] = "no-referrer";
            headers["Cross-Origin-Resource-Policy"] = "same-origin";
            if (headers.ContentSecurityPolicy.Count == 0) headers.ContentSecurityPolicy = policy;
            // What one caller sees is for nobody else, and may be asked for again by its ETag.
            if (headers.CacheControl.Count == 0) headers.CacheControl = "private, no-cache";
            return Task.CompletedTask;
        });
        return next(http);
    });
}
