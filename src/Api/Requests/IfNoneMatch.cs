using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace LoraDrop.Api;

/// <summary>Whether a reader has the current state already (RFC 9110, 13.1.2): weakly compared, one of several, or <c>*</c>.</summary>
internal static class IfNoneMatch
{
    public static bool Holds(StringValues header, string etag) =>
        header.Count == 1 && header[0] == etag   // what nearly every reader that polls sends
        || (EntityTagHeaderValue.TryParseList(header, out var seen) && seen.Any(tag => tag.Equals(EntityTagHeaderValue.Any) || tag.Tag == etag));
}
