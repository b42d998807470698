using System.Net;
using LoraDrop.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace LoraDrop.Api;

/// <summary>Finds out who asks, whether they may, and whether they ask too often. Everything that the service answers lies behind it.</summary>
/// <remarks>
/// A service that only its own machine can reach is open to it. A page in the user's browser can reach 127.0.0.1 too: under a host name of its own (DNS rebinding) it could
/// read all answers, and it sends that name as Host; without one it can still send forms, which browsers mark with <c>Sec-Fetch-Site: cross-site</c>. The same mark
/// keeps other sites' pages from using a key that a browser remembers.
/// </remarks>
internal sealed class AccessGate(RequestDelegate next, ApiOptions options, KnownKeys keys, OidcTokens tokens, CallLimits limits)
{
    public async Task InvokeAsync(HttpContext http)
    {
        if (await RefusalAsync(http) is { } refusal) await refusal.WriteAsync(http);
        else await next(http);
    }

    private async Task<ProblemHttpResult?> RefusalAsync(HttpContext http)
    {
        var request = http.Request;
        var changes = !(HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method) || HttpMethods.IsOptions(request.Method));
        if (options.IsOpen && !IsLoopback(request.Host.Host)) return Problems.Of(ProblemKind.HostNotAllowed, "This service answers to localhost only.");
        if (changes && request.Headers["Sec-Fetch-Site"] == "cross-site") return Problems.Of(ProblemKind.CrossSite, "A page of another web site may not change anything here.");
        var needed = http.GetEndpoint()?.Metadata.GetMetadata<NeededRole>() ?? new(changes ? Role.Submit : Role.Read);
        if (options.IsOpen)
        {
            http.Features.Set(Caller.Machine);
            return null;
        }
        if (needed.Role is not { } role) return null;
        var from = http.Connection.RemoteIpAddress ?? IPAddress.None;
        if (limits.Guessed(from) is { } pause) return Later(http, pause, "Too many wrong keys came from this address.");
        var (caller, reason) = await CallerAsync(http);
        if (caller is null)
        {
            if (reason is not null) limits.CountGuess(from);
            return Unknown(http, reason);
        }
        http.Features.Set(caller);
        if (limits.Count(caller) is { } wait) return Later(http, wait, $"{caller.Name} may ask {caller.RequestsPerMinute ?? options.RequestsPerMinute} times a minute.");
        return caller.Role < role ? Problems.Of(ProblemKind.Forbidden, $"This takes the role {Words(role)}; {caller.Name} has the role {Words(caller.Role)}.") : null;
    }

    private async Task<(Caller? Caller, string? Reason)> CallerAsync(HttpContext http)
    {
        if (Credential.Of(http.Request) is not { } shown) return (null, null);
        if (shown.StartsWith(ApiKeyText.Start, StringComparison.Ordinal) || !tokens.IsOn) return await keys.FindAsync(shown, http.RequestAborted);
        return await tokens.FindAsync(http);
    }

    /// <summary>A browser is asked for a key in its own window; a program is only told.</summary>
    private static ProblemHttpResult Unknown(HttpContext http, string? reason)
    {
        var browser = http.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase);
        http.Response.Headers.WWWAuthenticate = browser ? "Basic realm=\"LoRA-drop: a key as the password\", charset=\"UTF-8\"" : reason is null ? "Bearer" : "Bearer error=\"invalid_token\"";
        return Problems.Of(ProblemKind.Unauthorized, reason ?? "This service asks for a key.");
    }

    private static ProblemHttpResult Later(HttpContext http, int seconds, string detail)
    {
        http.Response.Headers.RetryAfter = $"{seconds}";
        return Problems.Of(ProblemKind.TooManyRequests, detail);
    }

    private static bool IsLoopback(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));

    private static string Words(Role role) => Domain.JsonText.NameOf(role);
}

/// <summary>Registers the gate and what it asks.</summary>
public static class Access
{
    internal static void AddAccess(this IServiceCollection services)
    {
        services.AddHttpContextAccessor();
        services.AddSingleton<KnownKeys>();
        services.AddSingleton<CallLimits>();
        services.AddSingleton(new OidcOptions());
        services.AddSingleton<OidcTokens>();
        services.AddScoped(provider => CallerOf(provider.GetRequiredService<IHttpContextAccessor>().HttpContext));
    }

    /// <summary>Takes tokens of a provider too, where one is named.</summary>
    public static void AddOidc(this IServiceCollection services, OidcOptions options)
    {
        if (!options.IsOn) return;
        services.AddSingleton(options);
        OidcTokens.Add(services, options);
    }

    /// <summary>Tells whoever started the service whether it is open, and what is missing where it is not.</summary>
    /// <param name="app">The service.</param>
    /// <param name="command">What makes the first key.</param>
    /// <param name="cancel">Ends it.</param>
    public static async Task SayWhoMayAskAsync(this WebApplication app, string command, CancellationToken cancel)
    {
        var log = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(Access));
        if (app.Services.GetRequiredService<ApiOptions>().IsOpen) ApiLog.Open(log);
        else if (!app.Services.GetRequiredService<OidcOptions>().IsOn && !await AnyKeyAsync(app.Services, cancel)) ApiLog.NoKeyYet(log, command);
    }

    private static async Task<bool> AnyKeyAsync(IServiceProvider services, CancellationToken cancel)
    {
        await using var db = await services.GetRequiredService<IDbContextFactory<JobsContext>>().CreateDbContextAsync(cancel);
        return await db.ApiKeys.AnyAsync(key => key.RevokedAt == null, cancel);
    }

    internal static void UseAccess(this WebApplication app) => app.UseMiddleware<AccessGate>();

    /// <summary>Who makes this request; the service itself where there is none.</summary>
    private static Caller CallerOf(HttpContext? http) =>
        http is null ? Caller.Machine : http.Features.Get<Caller>() ?? throw new InvalidOperationException($"{http.Request.Path} asks for a caller, and nobody need be known there.");
}
