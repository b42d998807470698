using System.Text;
using Microsoft.AspNetCore.Http;

namespace LoraDrop.Api;

/// <summary>Reads the key or token of a request.</summary>
internal static class Credential
{
    /// <summary>The Bearer token, or the Basic password (how browsers send a key); null if there is neither.</summary>
    public static string? Of(HttpRequest request)
    {
        if (request.Headers.Authorization is not [{ } header]) return null;
        if (After(header, "Bearer ") is { } token) return token;
        return After(header, "Basic ") is { } pair ? PasswordOf(pair) : null;
    }

    private static string? After(string header, string scheme) =>
        header.StartsWith(scheme, StringComparison.OrdinalIgnoreCase) ? header[scheme.Length..].Trim() : null;

    private static string? PasswordOf(string base64)
    {
        var bytes = new byte[base64.Length];
        if (!Convert.TryFromBase64String(base64, bytes, out var length)) return null;
        var pair = Encoding.UTF8.GetString(bytes, 0, length);
        var colon = pair.IndexOf(':');
        return colon < 0 ? null : pair[(colon + 1)..];
    }
}
