using LoraDrop.Domain;
using LoraDrop.Storage;

namespace LoraDrop.Api;

/// <summary>Tokens of an OpenID Connect provider, taken beside keys where an authority is named.</summary>
public sealed record OidcOptions
{
    /// <summary>The provider's address, whose <c>/.well-known/openid-configuration</c> names its signing keys; default none. https, or http on this machine.</summary>
    public string? Authority { get; init; }

    /// <summary>What tokens must be meant for; required with an authority.</summary>
    public string? Audience { get; init; }

    /// <summary>The claim that says what a caller may do; default <c>roles</c>. Dots lead into a claim that is an object: <c>realm_access.roles</c>.</summary>
    public string RoleClaim { get; init; } = "roles";

    /// <summary>The claim that says whose a caller's jobs are; default <c>sub</c>.</summary>
    public string OwnerClaim { get; init; } = "sub";

    /// <summary>What the values of the role claim stand for, each with read, submit or admin: <c>Oidc:Roles:ml-engineers</c> = submit. Without any, the values are the roles' own names.</summary>
    public IReadOnlyDictionary<string, string> Roles { get; init; } = new Dictionary<string, string> { ["read"] = "read", ["submit"] = "submit", ["admin"] = "admin" };

    [NotASetting]
    public bool IsOn => Authority is not null;

    public IEnumerable<Fault> Faults(string path)
    {
        if (Authority is null)
        {
            if (Audience is not null) yield return new($"{path}:{nameof(Authority)}", "is required with an audience");
            yield break;
        }
        if (!Uri.TryCreate(Authority, UriKind.Absolute, out var address) || !(address.Scheme == Uri.UriSchemeHttps || (address.Scheme == Uri.UriSchemeHttp && address.IsLoopback)))
            yield return new($"{path}:{nameof(Authority)}", "must be an https address, or http on this machine");
        if (Audience is null) yield return new($"{path}:{nameof(Audience)}", "is required with an authority: a token that was made for another service must not be taken here");
        foreach (var (value, role) in Roles)
            if (RoleOf(role) is null) yield return new($"{path}:{nameof(Roles)}:{value}", $"must be read, submit or admin; got \"{role}\"");
    }

    /// <summary>The highest role that the values of a claim stand for; null for none.</summary>
    public Role? RoleFor(IEnumerable<string> values) => values.Select(value => Roles.TryGetValue(value, out var name) ? RoleOf(name) : null).Max();

    private static Role? RoleOf(string name) => Enum.TryParse<Role>(name, ignoreCase: true, out var role) && Enum.IsDefined(role) && !char.IsDigit(name[0]) ? role : null;
}
