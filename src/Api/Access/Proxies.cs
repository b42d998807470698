using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.HttpOverrides;

namespace LoraDrop.Api;

/// <summary>Applies X-Forwarded headers of trusted proxies.</summary>
internal static class Proxies
{
    public static void UseTrustedProxies(this WebApplication app, ApiOptions options)
    {
        if (options.TrustedProxies.Count == 0) return;
        var forwarded =
            new ForwardedHeadersOptions
            {
                ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto | ForwardedHeaders.XForwardedPrefix,
            };
        forwarded.KnownIPNetworks.Clear();
        forwarded.KnownProxies.Clear();
        foreach (var proxy in options.TrustedProxies)
            if (IPAddress.TryParse(proxy, out var address)) forwarded.KnownProxies.Add(address);
            else forwarded.KnownIPNetworks.Add(System.Net.IPNetwork.Parse(proxy));
        app.UseForwardedHeaders(forwarded);
    }
}
