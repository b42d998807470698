using LoraDrop.Storage;
using Microsoft.AspNetCore.Builder;

namespace LoraDrop.Api;

/// <summary>What an endpoint asks of its callers, where it is not what its method says: to look takes <see cref="Role.Read"/>, to change <see cref="Role.Submit"/>.</summary>
/// <param name="Role">Null where nobody need be known.</param>
internal sealed record NeededRole(Role? Role);

internal static class NeededRoles
{
    public static TBuilder Needs<TBuilder>(this TBuilder endpoint, Role role) where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(new NeededRole(role));

    /// <summary>For what says nothing of anybody's work: whether the service lives.</summary>
    public static TBuilder NeedsNobody<TBuilder>(this TBuilder endpoint) where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(new NeededRole(Role: null));
}
