using System.Security.Claims;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;

namespace LoraDrop.Api.Web;

/// <summary>Remembers in the browser the API key or token that a person signed in with: encrypted, in a cookie that scripts cannot read
/// and that is sent only from the service's own pages.</summary>
internal sealed class PageSession(IDataProtectionProvider protection)
{
    /// <summary>The claim that passes the key on to a page's components, which have no request of their own.</summary>
    public const string Claim = "loradrop-key";

    private const string Cookie = "loradrop-key";

    /// <summary>Browsers keep at most 4 KiB of a cookie.</summary>
    private const int LongestKey = 2800;

    private static readonly TimeSpan Kept = TimeSpan.FromDays(14);

    private readonly ITimeLimitedDataProtector _protector = protection.CreateProtector("page session").ToTimeLimitedDataProtector();

    /// <summary>Whether a key or token is short enough to be kept.</summary>
    public static bool Fits(string key) => key.Length is > 0 and <= LongestKey && key.All(c => c is > ' ' and <= '~');

    public void SignIn(HttpContext http, string key) => http.Response.Cookies.Append(Cookie, _protector.Protect(key, Kept), Options(http));

    public static void SignOut(HttpContext http) => http.Response.Cookies.Delete(Cookie, Options(http));

    /// <summary>Uses the remembered key as the request's own, if it shows none.</summary>
    /// <remarks>A change with it must come from the service's own pages: browsers say so in Sec-Fetch-Site, older ones in Origin.</remarks>
    public void Apply(HttpContext http)
    {
        if (http.Request.Headers.Authorization.Count == 0 && http.Request.Cookies[Cookie] is { } cookie && IsOwn(http.Request)
            && Read(cookie) is { } key)
            http.Request.Headers.Authorization = $"Bearer {key}";
        if (http.GetEndpoint()?.Metadata.GetMetadata<PageEndpoint>() is not null && http.Request.Headers.Authorization is [{ } shown])
            http.User = new(new ClaimsIdentity([new(Claim, shown)], "page"));
    }

    private static bool IsOwn(HttpRequest request)
    {
        if (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method)) return true;
        if (request.Headers["Sec-Fetch-Site"] is [{ } site]) return site == "same-origin";
        return request.Headers.Origin is [{ } origin] && Uri.TryCreate(origin, UriKind.Absolute, out var from)
            && string.Equals(from.Authority, request.Host.Value, StringComparison.OrdinalIgnoreCase);
    }

    private string? Read(string cookie)
    {
        try
        {
            return _protector.Unprotect(cookie);
        }
        catch (CryptographicException)
        {
            return null; // expired, or written by a service whose keys are gone: sign in again
        }
    }

    private static CookieOptions Options(HttpContext http) => new()
    {
        HttpOnly = true, SameSite = SameSiteMode.Strict, Secure = http.Request.IsHttps, IsEssential = true, MaxAge = Kept,
        Path = http.Request.PathBase.HasValue ? http.Request.PathBase.Value : "/",
    };
}

internal static class PageSessions
{
    public static void UsePageSessions(this WebApplication app)
    {
        var (session, calls) = ((PageSession)app.Services.GetService(typeof(PageSession))!,
            (PageCallers)app.Services.GetService(typeof(PageCallers))!);
        app.Use((http, next) =>
        {
            calls.Restore(http);
            session.Apply(http);
            return next(http);
        });
    }
}
