using System.Security.Claims;
using System.Text.Json;
using LoraDrop.Storage;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.Tokens;

namespace LoraDrop.Api;

/// <summary>Tells who shows a token of the provider.</summary>
internal sealed class OidcTokens(OidcOptions options)
{
    public const string Scheme = "Oidc";

    public bool IsOn => options.IsOn;

    /// <summary>The caller, or why there is none.</summary>
    public async Task<(Caller? Caller, string? Reason)> FindAsync(HttpContext http)
    {
        var told = await http.AuthenticateAsync(Scheme);
        if (!told.Succeeded) return (null, $"The token is not accepted: {Reason(told.Failure)}.");
        var owner = told.Principal.FindFirstValue(options.OwnerClaim);
        if (string.IsNullOrEmpty(owner)) return (null, $"The token has no claim {options.OwnerClaim}, which says whose jobs are the caller's.");
        if (owner == Caller.Everybody || KeyRequest.OwnerFault(owner) is not null) return (null, $"The token's claim {options.OwnerClaim} cannot be an owner.");
        return options.RoleFor(Values(told.Principal, options.RoleClaim)) is { } role
            ? (new(owner, role, Name(told.Principal) ?? owner, Key: null), null)
            : (null, $"The token's claim {options.RoleClaim} names no role of this service.");
    }

    public static void Add(IServiceCollection services, OidcOptions options) => services.AddAuthentication().AddJwtBearer(Scheme, bearer =>
    {
        bearer.Authority = options.Authority;
        bearer.Audience = options.Audience;
        bearer.MapInboundClaims = false;
        bearer.RequireHttpsMetadata = options.Authority!.StartsWith("https", StringComparison.OrdinalIgnoreCase);
        bearer.TokenValidationParameters = new TokenValidationParameters
        {
            ValidateAudience = true, ValidAudience = options.Audience, ValidateIssuer = true, RequireExpirationTime = true, RequireSignedTokens = true, ClockSkew = TimeSpan.FromSeconds(60),
        };
    });

    private static string? Name(ClaimsPrincipal who) => who.FindFirstValue("preferred_username") ?? who.FindFirstValue("email");

    /// <summary>What a token's owner can mend; how the check failed inside is for nobody.</summary>
    private static string Reason(Exception? failure) => failure switch
    {
        SecurityTokenExpiredException => "it has expired",
        SecurityTokenNotYetValidException => "it is not valid yet",
        SecurityTokenInvalidAudienceException => "it is meant for another audience",
        SecurityTokenInvalidIssuerException => "another provider issued it",
        SecurityTokenSignatureKeyNotFoundException or SecurityTokenInvalidSignatureException => "its signature is not the provider's",
        InvalidOperationException => "the provider's signing keys cannot be read now",
        _ => "it is no token of the provider",
    };

    private static IEnumerable<string> Values(ClaimsPrincipal who, string claim)
    {
        if (who.HasClaim(held => held.Type == claim)) return who.FindAll(claim).Select(held => held.Value);
        var parts = claim.Split('.');
        if (parts.Length == 1 || who.FindFirstValue(parts[0]) is not { } json) return [];
        try
        {
            using var document = JsonDocument.Parse(json);
            var at = document.RootElement;
            foreach (var part in parts.Skip(1))
                if (at.ValueKind != JsonValueKind.Object || !at.TryGetProperty(part, out at)) return [];
            return at.ValueKind switch
            {
                JsonValueKind.Array => [.. at.EnumerateArray().Where(each => each.ValueKind == JsonValueKind.String).Select(each => each.GetString()!)],
                JsonValueKind.String => [at.GetString()!],
                _ => [],
            };
        }
        catch (JsonException)
        {
            return [];
        }
    }
}
