using System.Security.Claims;
using System.Text.Json;
using LoraDrop.Storage;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.Tokens;

namespace LoraDrop.Api;

/// <summary>Validates tokens of the OpenID Connect provider.</summary>
internal sealed class OidcTokens(OidcOptions options)
{
    public const string Scheme = "Oidc";

    public bool IsOn => options.IsOn;

    /// <summary>The caller, or the reason why the credential is rejected.</summary>
    public async Task<(Caller? Caller, string? Reason)> FindAsync(HttpContext http)
    {
        var result = await http.AuthenticateAsync(Scheme);
        if (!result.Succeeded) return (null, $"Invalid token: {Reason(result.Failure)}.");
        var owner = result.Principal.FindFirstValue(options.OwnerClaim);
        if (string.IsNullOrEmpty(owner)) return (null, $"The token has no claim {options.OwnerClaim}, which is required as the owner.");
        if (owner == Caller.Everybody || KeyRequest.OwnerFault(owner) is not null)
            return (null, $"The token's claim {options.OwnerClaim} is not a valid owner.");
        return options.RoleFor(Values(result.Principal, options.RoleClaim)) is { } role
            ? (new(owner, role, Name(result.Principal) ?? owner, Key: null), null)
            : (null, $"The token's claim {options.RoleClaim} contains no role of this service.");
    }

    public static void Add(IServiceCollection services, OidcOptions options) => services.AddAuthentication().AddJwtBearer(Scheme, bearer =>
    {
        bearer.Authority = options.Authority;
        bearer.Audience = options.Audience;
        bearer.MapInboundClaims = false;
        bearer.RequireHttpsMetadata = options.Authority!.StartsWith("https", StringComparison.OrdinalIgnoreCase);
        bearer.TokenValidationParameters = new TokenValidationParameters
        {
            ValidateAudience = true, ValidAudience = options.Audience, ValidateIssuer = true, RequireExpirationTime = true,
            RequireSignedTokens = true, ClockSkew = TimeSpan.FromSeconds(60),
        };
    });

    private static string? Name(ClaimsPrincipal who) => who.FindFirstValue("preferred_username") ?? who.FindFirstValue("email");

    /// <summary>A reason the token's owner can act on, without internal details.</summary>
    private static string Reason(Exception? failure) => failure switch
    {
        SecurityTokenExpiredException => "it has expired",
        SecurityTokenNotYetValidException => "it is not valid yet",
        SecurityTokenInvalidAudienceException => "it was issued for another audience",
        SecurityTokenInvalidIssuerException => "it was issued by another provider",
        SecurityTokenSignatureKeyNotFoundException or SecurityTokenInvalidSignatureException => "its signature is invalid",
        InvalidOperationException => "the provider's signing keys cannot be read at the moment",
        _ => "it is not a token of the configured provider",
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
                JsonValueKind.Array =>
                    [.. at.EnumerateArray().Where(each => each.ValueKind == JsonValueKind.String).Select(each => each.GetString()!)],
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
