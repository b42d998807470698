using LoraDrop.Domain;
using LoraDrop.Storage;

namespace LoraDrop.Api;

/// <summary>Settings for tokens of an OpenID Connect provider, accepted in addition to API keys.</summary>
public sealed record OidcOptions
{
    /// <summary>The provider's URL, where <c>/.well-known/openid-configuration</c> is found; default none. Must be https, or http on
    /// loopback.</summary>
    public string? Authority { get; init; }

    /// <summary>The required audience of tokens; required with an authority.</summary>
    public string? Audience { get; init; }

    /// <summary>The claim with the caller's roles; default <c>roles</c>. Use dots for nested claims: <c>realm_access.roles</c>.</summary>
    public string RoleClaim { get; init; } = "roles";

    /// <summary>The claim with the owner of the caller's jobs; default <c>sub</c>.</summary>
    public string OwnerClaim { get; init; } = "sub";

    /// <summary>Maps values of the role claim to read, submit or admin: <c>Oidc:Roles:ml-engineers</c> = submit. Default: the roles' own
    /// names.</summary>
    public IReadOnlyDictionary<string, string> Roles { get; init; } =
        new Dictionary<string, string> { ["read"] = "read", ["submit"] = "submit", ["admin"] = "admin" };

    [NotASetting]
    public bool IsOn => Authority is not null;

    public IEnumerable<Fault> Faults(string path)
    {
        if (Authority is null)
        {
            if (Audience is not null) yield return new($"{path}:{nameof(Authority)}", "is required with an audience");
            yield break;
        }
        if (!Uri.TryCreate(Authority, UriKind.Absolute, out var address)
            || !(address.Scheme == Uri.UriSchemeHttps || (address.Scheme == Uri.UriSchemeHttp && address.IsLoopback)))
            yield return new($"{path}:{nameof(Authority)}", "must be an https URL, or http on localhost");
        if (Audience is null)
            yield return new($"{path}:{nameof(Audience)}", "is required with an authority, so that tokens for other services are rejected");
        foreach (var (value, role) in Roles)
            if (RoleOf(role) is null) yield return new($"{path}:{nameof(Roles)}:{value}", $"must be read, submit or admin; got \"{role}\"");
    }

    /// <summary>The highest role that the claim values map to; null if none does.</summary>
    public Role? RoleFor(IEnumerable<string> values) =>
        values.Select(value => Roles.TryGetValue(value, out var name) ? RoleOf(name) : null).Max();

    private static Role? RoleOf(string name) =>
        Enum.TryParse<Role>(name, ignoreCase: true, out var role) && Enum.IsDefined(role) && !char.IsDigit(name[0]) ? role : null;
}
