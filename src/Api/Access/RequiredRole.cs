using LoraDrop.Storage;
using Microsoft.AspNetCore.Builder;

namespace LoraDrop.Api;

/// <summary>The role an endpoint requires, if not the default: <see cref="Role.Read"/> to read, <see cref="Role.Submit"/> to
/// change.</summary>
/// <param name="Role">Null to allow anonymous requests.</param>
internal sealed record RequiredRole(Role? Role);

internal static class RequiredRoles
{
    public static TBuilder Requires<TBuilder>(this TBuilder endpoint, Role role) where TBuilder : IEndpointConventionBuilder =>
        endpoint.WithMetadata(new RequiredRole(role));

    /// <summary>Allows anonymous requests. For endpoints that reveal nothing about jobs, such as health.</summary>
    public static TBuilder AllowsAnonymous<TBuilder>(this TBuilder endpoint) where TBuilder : IEndpointConventionBuilder =>
        endpoint.WithMetadata(new RequiredRole(Role: null));
}
