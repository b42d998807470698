using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace LoraDrop.Api;

/// <summary>Writes the Link header to the next page (RFC 8288), including the current filters.</summary>
internal static class NextLink
{
    public static void Write(HttpContext http, string next, string parameter = "cursor")
    {
        var query = http.Request.Query.Where(field => field.Key != parameter)
            .SelectMany(field => field.Value.Select(value => KeyValuePair.Create(field.Key, value)))
            .Append(KeyValuePair.Create(parameter, (string?)next));
        http.Response.Headers.Link = $"<{QueryHelpers.AddQueryString(http.Request.PathBase + http.Request.Path, query)}>; rel=\"next\"";
    }
}
