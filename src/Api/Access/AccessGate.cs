using System.Net;
using LoraDrop.Api.Web;
using LoraDrop.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace LoraDrop.Api;

/// <summary>Authenticates, authorizes and rate-limits every request to the service.</summary>
/// <remarks>
/// A service that only listens on loopback needs no key. Web pages in the user's browser can reach 127.0.0.1 too: with DNS rebinding a page
/// could read all responses, but it sends its own name as Host; without rebinding it can still post forms, which browsers mark with
/// <c>Sec-Fetch-Site: cross-site</c>. The same header stops other sites from using a key that a browser remembers.
/// </remarks>
internal sealed class AccessGate(RequestDelegate next, ApiOptions options, CredentialCheck credentials, CallLimits limits)
{
    public async Task InvokeAsync(HttpContext http)
    {
        if (await RefusalAsync(http) is not { } refusal) await next(http);
        else if (refusal.StatusCode == StatusCodes.Status401Unauthorized && http.GetEndpoint()?.Metadata.GetMetadata<PageEndpoint>()
            is not null)
            http.Response.Redirect(SignInEndpoints.AddressFor(http.Request));
        else await refusal.WriteAsync(http);
    }

    private async Task<ProblemHttpResult?> RefusalAsync(HttpContext http)
    {
        var request = http.Request;
        var changes = !(HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method) || HttpMethods.IsOptions(request.Method));
        if (options.IsOpen && !IsLoopback(request.Host.Host))
            return Problems.Of(ProblemKind.HostNotAllowed, "This service accepts requests to localhost only.");
        if (changes && request.Headers["Sec-Fetch-Site"] == "cross-site")
            return Problems.Of(ProblemKind.CrossSite, "Pages of other web sites cannot make changes.");
        var metadata = http.GetEndpoint()?.Metadata;
        var required = metadata?.GetMetadata<AllowsAnonymousPageAttribute>() is not null ? new(Role: null)
            : metadata?.GetMetadata<RequiredRole>() ?? new(changes ? Role.Submit : Role.Read);
        if (options.IsOpen)
        {
            http.Features.Set(Caller.Machine);
            return null;
        }
        if (required.Role is not { } role) return null;
        var (caller, reason, pause) = await credentials.CallerAsync(http);
        if (pause is { } seconds) return RetryLater(http, seconds, reason!);
        if (caller is null) return Unauthorized(http, reason);
        http.Features.Set(caller);
        if (limits.Count(caller) is { } wait)
            return RetryLater(http, wait,
                $"{caller.Name} is limited to {caller.RequestsPerMinute ?? options.RequestsPerMinute} requests per minute.");
        return caller.Role < role ? Problems.Of(ProblemKind.Forbidden,
            $"This operation requires the role {NameOf(role)}; {caller.Name} has the role {NameOf(caller.Role)}.") : null;
    }

    /// <summary>Browsers get a Basic challenge, so that they prompt for a key; programs get a Bearer challenge.</summary>
    private static ProblemHttpResult Unauthorized(HttpContext http, string? reason)
    {
        var browser = http.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase);
        http.Response.Headers.WWWAuthenticate = browser
            ? "Basic realm=\"LoRA-drop: use an API key as the password\", charset=\"UTF-8\""
            : reason is null ? "Bearer" : "Bearer error=\"invalid_token\"";
        return Problems.Of(ProblemKind.Unauthorized, reason ?? "This service requires an API key.");
    }

    private static ProblemHttpResult RetryLater(HttpContext http, int seconds, string detail)
    {
        http.Response.Headers.RetryAfter = $"{seconds}";
        return Problems.Of(ProblemKind.TooManyRequests, detail);
    }

    private static bool IsLoopback(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
            || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));

    private static string NameOf(Role role) => Domain.JsonText.NameOf(role);
}

/// <summary>Finds the caller whom a request's key or token names, and limits guesses.</summary>
internal sealed class CredentialCheck(KnownKeys keys, OidcTokens tokens, CallLimits limits)
{
    /// <summary>The caller; or the reason why there is none, null if nothing was shown, and the seconds to wait after too many
    /// guesses.</summary>
    public async Task<(Caller? Caller, string? Reason, int? Wait)> CallerAsync(HttpContext http)
    {
        var from = http.Connection.RemoteIpAddress ?? IPAddress.None;
        if (limits.WaitAfterGuesses(from) is { } wait) return (null, "Too many invalid keys were sent from this address.", wait);
        var (caller, reason) = await FindAsync(http);
        if (caller is null && reason is not null) limits.CountGuess(from);
        return (caller, reason, null);
    }

    private async Task<(Caller? Caller, string? Reason)> FindAsync(HttpContext http)
    {
        if (Credential.Of(http.Request) is not { } shown) return (null, null);
        if (shown.StartsWith(ApiKeyText.Start, StringComparison.Ordinal) || !tokens.IsOn)
            return await keys.FindAsync(shown, http.RequestAborted);
        return await tokens.FindAsync(http);
    }
}

/// <summary>Registers authentication, authorization and rate limits.</summary>
public static class Access
{
    internal static void AddAccess(this IServiceCollection services)
    {
        services.AddHttpContextAccessor();
        services.AddSingleton<KnownKeys>();
        services.AddSingleton<CallLimits>();
        services.AddSingleton<CredentialCheck>();
        services.AddSingleton(new OidcOptions());
        services.AddSingleton<OidcTokens>();
        services.AddScoped(provider => CallerOf(provider.GetRequiredService<IHttpContextAccessor>().HttpContext));
    }

    /// <summary>Accepts tokens of an OpenID Connect provider, if one is configured.</summary>
    public static void AddOidc(this IServiceCollection services, OidcOptions options)
    {
        if (!options.IsOn) return;
        services.AddSingleton(options);
        OidcTokens.Add(services, options);
    }

    /// <summary>Logs whether the service requires keys, and how to create the first key if there is none.</summary>
    /// <param name="app">The service.</param>
    /// <param name="command">The command that creates the first key.</param>
    /// <param name="cancel">Ends it.</param>
    public static async Task LogAccessAsync(this WebApplication app, string command, CancellationToken cancel)
    {
        var log = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(Access));
        if (app.Services.GetRequiredService<ApiOptions>().IsOpen) ApiLog.Open(log);
        else if (!app.Services.GetRequiredService<OidcOptions>().IsOn && !await AnyKeyAsync(app.Services, cancel))
            ApiLog.NoKeyYet(log, command);
    }

    private static async Task<bool> AnyKeyAsync(IServiceProvider services, CancellationToken cancel)
    {
        await using var db = await services.GetRequiredService<IDbContextFactory<JobsContext>>().CreateDbContextAsync(cancel);
        return await db.ApiKeys.AnyAsync(key => key.RevokedAt == null, cancel);
    }

    internal static void UseAccess(this WebApplication app) => app.UseMiddleware<AccessGate>();

    /// <summary>The caller of this request; the service itself outside of a request.</summary>
    private static Caller CallerOf(HttpContext? http) =>
        http is null ? Caller.Machine : http.Features.Get<Caller>()
            ?? throw new InvalidOperationException($"{http.Request.Path} reads the caller, but allows anonymous requests.");
}
