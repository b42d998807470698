using System.Net;
using LoraDrop.Domain;
using LoraDrop.Storage;

namespace LoraDrop.Api;

/// <summary>Addresses and limits of the service.</summary>
public sealed record ApiOptions
{
    /// <summary>Addresses to listen on, separated by <c>;</c>; default http://127.0.0.1:5080. Port 0 picks a free port.</summary>
    public string Urls { get; init; } = "http://127.0.0.1:5080";

    /// <summary>
    /// Whether requests need an API key or token. Default: true if other machines can reach an address in Urls, else false.
    /// Set it to true behind a proxy on the same machine. It cannot be false if other machines can reach the service.
    /// </summary>
    public bool? RequireKey { get; init; }

    /// <summary>Requests per minute and caller, unless the key has its own limit; default 1200, 1 to 1,000,000. Each process counts
    /// separately.</summary>
    public int RequestsPerMinute { get; init; } = 1200;

    /// <summary>Proxies whose <c>X-Forwarded-For</c>, <c>-Proto</c> and <c>-Prefix</c> are trusted: addresses, or networks such as
    /// 10.0.0.0/8. Default none.</summary>
    public IReadOnlyList<string> TrustedProxies { get; init; } = [];

    /// <summary>Address that serves only <c>/metrics</c> and <c>/health</c>, without a key, such as http://0.0.0.0:5082; default none. For
    /// Prometheus and orchestrators inside a cluster.</summary>
    public string? MetricsUrl { get; init; }

    /// <summary>Largest uploaded file, in bytes; default 1 GiB, 1 KiB to 1 TiB.</summary>
    public long MaxUploadBytes { get; init; } = 1L << 30;

    /// <summary>Largest JSON body, in bytes; default 1 MiB, 1 KiB to 256 MiB.</summary>
    public long MaxJsonBytes { get; init; } = 1L << 20;

    /// <summary>Interval at which an open event stream polls the database; default 300 ms, 20 ms to 1 min.</summary>
    public TimeSpan StreamEvery { get; init; } = TimeSpan.FromMilliseconds(300);

    /// <summary>Idle time after which an event stream sends a keep-alive comment; default 15 s, 1 s to 10 min.</summary>
    public TimeSpan HeartbeatEvery { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Whether requests need no key, because only this machine can reach the service.</summary>
    [NotASetting]
    public bool IsOpen => !(RequireKey ?? Addresses.Any(url => !IsLoopback(url)));

    private string[] Addresses => Urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    public IEnumerable<Fault> Faults(string path)
    {
        var addresses = $"{path}:{nameof(Urls)}".Addresses(Urls).ToList();
        foreach (var fault in addresses) yield return fault;
        if (RequireKey == false && addresses.Count == 0 && Addresses.Any(url => !IsLoopback(url)))
            yield return new($"{path}:{nameof(RequireKey)}",
                $"cannot be false while {SettingName.Of($"{path}:{nameof(Urls)}")} is reachable from other machines");
        foreach (var fault in $"{path}:{nameof(RequestsPerMinute)}".Within(RequestsPerMinute, 1, 1_000_000)) yield return fault;
        foreach (var (at, proxy) in TrustedProxies.Index())
            if (!IPAddress.TryParse(proxy, out _) && !IPNetwork.TryParse(proxy, out _))
                yield return new($"{path}:{nameof(TrustedProxies)}:{at}",
                    $"must be an address, or a network such as 10.0.0.0/8; got \"{proxy}\"");
        if (MetricsUrl is not null)
            foreach (var fault in $"{path}:{nameof(MetricsUrl)}".Addresses(MetricsUrl)) yield return fault;
        foreach (var fault in $"{path}:{nameof(MaxUploadBytes)}".Within(MaxUploadBytes, 1 << 10, 1L << 40)) yield return fault;
        foreach (var fault in $"{path}:{nameof(MaxJsonBytes)}".Within(MaxJsonBytes, 1 << 10, 1 << 28)) yield return fault;
        foreach (var fault in $"{path}:{nameof(StreamEvery)}".Within(StreamEvery, TimeSpan.FromMilliseconds(20), TimeSpan.FromMinutes(1)))
            yield return fault;
        foreach (var fault in $"{path}:{nameof(HeartbeatEvery)}".Within(HeartbeatEvery, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10)))
            yield return fault;
    }

    private static bool IsLoopback(string url) => Uri.TryCreate(url, UriKind.Absolute, out var address) && address.IsLoopback;
}
