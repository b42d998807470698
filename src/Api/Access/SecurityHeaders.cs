using Microsoft.AspNetCore.Builder;

namespace LoraDrop.Api;

/// <summary>Adds security headers that forbid framing, sniffing and scripts. Endpoints that serve pages set their own policy.</summary>
internal static class SecurityHeaders
{
    private const string Data = "default-src 'none'; frame-ancestors 'none'";

    /// <summary>The pages' scripts and style sheets are files; components set positions and widths as style attributes, and Plotly fills a
    /// style element that it adds empty: the digest is that of nothing.</summary>
    private const string App = "default-src 'none'; script-src 'self'; style-src-elem 'self' "
        + "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='; style-src-attr 'unsafe-inline'; "
        + "img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'self'; form-action 'self'";

    /// <summary>Swagger UI uses inline styles and images; its scripts are separate files.</summary>
    private const string Page = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; "
        + "base-uri 'none'; form-action 'self'";

    /// <summary>The dashboard uses inline scripts as well.</summary>
    private const string Dashboard = "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src "
        + "'self' data:; font-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

    public static void UseSecurityHeaders(this WebApplication app) => app.Use((http, next) =>
    {
        var path = http.Request.Path; // read now, since handlers may change it
        var policy = path.StartsWithSegments("/swagger") ? Page
            : path.StartsWithSegments(QueueDashboard.Path) ? Dashboard
            : path == "/" || path.StartsWithSegments("/ui") ? App
            : Data;
        http.Response.OnStarting(() =>
        {
            var headers = http.Response.Headers;
            headers.XContentTypeOptions = "nosniff";
            headers.XFrameOptions = "DENY";
            headers["Referrer-Policy"] = "no-referrer";
            headers["Cross-Origin-Resource-Policy"] = "same-origin";
            if (headers.ContentSecurityPolicy.Count == 0) headers.ContentSecurityPolicy = policy;
            // Responses are private to the caller and may be revalidated by ETag.
            if (headers.CacheControl.Count == 0) headers.CacheControl = "private, no-cache";
            return Task.CompletedTask;
        });
        return next(http);
    });
}
