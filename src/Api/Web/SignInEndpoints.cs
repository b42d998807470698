using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace LoraDrop.Api.Web;

/// <summary>Signs people in to the pages with an API key or token, and out.</summary>
internal static class SignInEndpoints
{
    public const string Path = "/ui/sign-in";

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/ui/session", SignInAsync).ExcludeFromDescription().AllowsAnonymous().DisableAntiforgery();
        routes.MapPost("/ui/session/end", SignOut).ExcludeFromDescription().AllowsAnonymous().DisableAntiforgery();
    }

    /// <summary>The sign-in page, which leads back to a path of this service.</summary>
    public static string AddressFor(HttpRequest request) =>
        $"{request.PathBase}{Path}?next={Uri.EscapeDataString(request.Path + request.QueryString)}";

    private static async Task<IResult> SignInAsync(HttpContext http, PageSession session, CredentialCheck credentials,
        CancellationToken cancel)
    {
        var form = await http.Request.ReadFormAsync(cancel);
        var (key, next) = (form["key"].ToString().Trim(), Local(form["next"].ToString()));
        http.Request.Headers.Authorization = $"Bearer {key}";
        var reason = !PageSession.Fits(key) ? "Enter an API key or a token." : (await credentials.CallerAsync(http)).Reason;
        if (reason is not null)
            return Results.LocalRedirect(
                $"~{Path}?next={Uri.EscapeDataString(next)}&reason={Uri.EscapeDataString(reason)}");
        session.SignIn(http, key);
        return Results.LocalRedirect($"~{next}");
    }

    private static IResult SignOut(HttpContext http)
    {
        PageSession.SignOut(http);
        return Results.LocalRedirect($"~{Path}");
    }

    /// <summary>A path of this service; the first page for anything else, such as another site.</summary>
    private static string Local(string next) =>
        next is ['/', not ('/' or '\\'), ..] && next.All(c => c >= ' ') && !next.StartsWith(Path, StringComparison.Ordinal) ? next : "/";
}
