using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace LoraDrop.Api;

/// <summary>Evaluates If-None-Match (RFC 9110, section 13.1.2): weak comparison, several tags, or <c>*</c>.</summary>
internal static class IfNoneMatch
{
    public static bool Holds(StringValues header, string etag) =>
        header.Count == 1 && header[0] == etag   // the common case of polling clients
        || (EntityTagHeaderValue.TryParseList(header, out var seen)
        && seen.Any(tag => tag.Equals(EntityTagHeaderValue.Any) || tag.Tag == etag));
}
